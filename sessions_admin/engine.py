"""SESSION_ENGINE: Django's session contract over the Session table.

A store is one request's view of one session. It reads with the one SELECT, at the first touch, and
holds the policy there: a session whose time has come is ended and the visitor is anonymous.
Every write is conditional on the session being open, so nothing can undo an ending.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from sessions_admin.request.sealing import hash_of, new_key, seal, unseal

if TYPE_CHECKING:
    from accounts.models import User
    from sessions_admin.request.client import Client
    from sessions_admin.request.device_cookie import Browser
    from sessions_admin.request.lookup import FoundSession
    from tenants.models import Tenant

# Engine modules are imported by middleware before the models are ready.


class SessionStore(SessionBase):
    """One session, by the value of its cookie."""

    if TYPE_CHECKING:  # what the stubs leave out of SessionBase
        session_key: Any
        serializer: Any

        def _get_session(self, *, no_load: bool = ...) -> dict[str, Any]: ...

    found: FoundSession | None = None  # the row, once read and live
    ended_id: Any = None  # the session that the cookie named, when it is over
    client: Client | None = None  # who asks, for a row that this request creates
    _persistent = False
    rotated = False  # the cookie must reach the browser whatever becomes of the request
    is_farewell = False  # ... although its session is over
    browser: Browser | None = None  # whose device cookie the answer renews
    _user_id: Any = None  # as the row has it

    # --- reading -----------------------------------------------------------------------------

    def load(self) -> dict[str, Any]:
        """The data of a live session; the policy is held here."""
        from sessions_admin.request.lookup import find_session

        key = self.session_key
        found = find_session(hash_of(key)) if key else None
        if found is None or self._is_over(found):
            self._session_key = None
            return {}
        self.found, self._user_id, self._persistent = found, found.user_id, found.persistent
        return unseal(found.data, key, self.serializer)

    def _is_over(self, found: FoundSession) -> bool:
        from sessions_admin.lifecycle import is_over

        if not is_over(found):
            return False
        self.ended_id = found.id if found.user_id is not None else None
        return True

    @property
    def authenticated_at(self) -> datetime | None:
        """When the person signed in; None for an anonymous visitor, and for somebody else who acts
        as the person: that proves nothing of them."""
        self._get_session()
        if self.found is None or self._user_id is None or self.is_support:
            return None
        return self.found.authenticated_at

    @property
    def is_support(self) -> bool:
        """Whether somebody else acts as the person; reads nothing."""
        from sessions_admin.vocabulary import Kind

        return self.found is not None and self.found.kind == Kind.SUPPORT

    def exists(self, session_key: str | None) -> bool:
        if session_key is None:
            return False
        live = self.get_model_class().objects.live()
        return bool(live.filter(key_hash=hash_of(session_key)).exists())

    @classmethod
    def get_model_class(cls) -> Any:
        from sessions_admin.models import Session

        return Session

    # --- writing -----------------------------------------------------------------------------

    def create(self) -> None:
        while True:
            self._session_key = new_key()
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002  Django's contract
        """Writes the data. UpdateError: the session is over, and stays over."""
        from sessions_admin.lifecycle import create_session, save

        if self.session_key is None:
            return self.create()
        columns = self._columns(self._get_session(no_load=must_create))
        if not must_create:
            if not save(hash_of(self.session_key), **columns):
                raise UpdateError
            return None
        try:
            create_session(hash_of(self.session_key), client=self.client, **columns)
        except IntegrityError as error:
            raise CreateError from error
        return None

    def _columns(self, data: dict[str, Any]) -> dict[str, Any]:
        columns: dict[str, Any] = {
            "data": seal(data, self.session_key, self.serializer),
            "expires_at": self._cap(data),
            "persistent": self.persistent,
        }
        if self.is_support:
            del columns["expires_at"]  # set when it was opened; no view may move it
        if SESSION_KEY not in data and self._user_id is not None:
            columns["user"] = self._user_id = None  # cleared, not flushed: nobody's any more
        return columns

    def _cap(self, data: dict[str, Any]) -> datetime | None:
        """The moment that set_expiry() asked for; 0 is only about the cookie."""
        expiry = data.get("_session_expiry")
        return self.get_expiry_date(expiry=expiry) if expiry else None

    def cycle_key(self) -> None:
        """A new key for the same row, in one UPDATE. UpdateError: the session is over."""
        from sessions_admin.lifecycle import rotate

        data = self._get_session()
        key = new_key()
        if self.session_key is None:  # nothing stored yet: the save to come picks a key
            self.modified = True
            return
        sealed = seal(data, key, self.serializer)
        if not rotate(hash_of(self.session_key), new_key_hash=hash_of(key), data=sealed):
            raise UpdateError
        self._session_key, self.modified, self.rotated = key, True, True

    def begin(
        self, user: User, client: Client, *, amr: str, aal: int, browser_hash: bytes | None = None
    ) -> None:
        """The session becomes this user's, under a new key, within the tenant's limit.

        LimitReachedError: nobody else gets in. UpdateError: the visitor's session is over.
        SignInEndedError: the risk rules ended it at once; its cookie tells /signed-out/ so.
        """
        from sessions_admin.lifecycle.birth import Birth, start_session
        from sessions_admin.policy import SignInEndedError

        data, key = self._get_session(), new_key()
        birth = Birth(
            user=user, new_key_hash=hash_of(key), data=seal(data, key, self.serializer),
            client=client, amr=amr, aal=aal, persistent=self.persistent,
            expires_at=self._cap(data), browser_hash=browser_hash,
        )  # fmt: skip
        current = hash_of(self.session_key) if self.session_key else None
        try:
            if not start_session(birth, key_hash=current):
                raise UpdateError
        except SignInEndedError:
            self._leave_with(key)
            raise
        self._session_key, self._user_id = key, user.pk
        self.modified = self.rotated = True

    def _leave_with(self, key: str) -> None:
        """Nothing is kept but the cookie of the session that is over."""
        self._session_key = key
        self._session_cache: dict[str, Any] = {}
        self.found = self._user_id = None
        self.modified, self.is_farewell = False, True

    def enter(self, user: User, tenant: Tenant) -> None:
        """Moves the session to another tenant of the user, under a new key.

        TenantRefusedError: the tenant's rules forbid it. UpdateError: the session is over.
        """
        from sessions_admin.lifecycle import enter_tenant

        data, key = self._get_session(), new_key()
        sealed = seal(data, key, self.serializer)
        session_id = self.found.id if self.found else None
        if session_id is None or not enter_tenant(
            session_id, user, tenant, new_key_hash=hash_of(key), data=sealed
        ):
            raise UpdateError
        self._session_key, self.modified, self.rotated = key, True, True

    # --- ending ------------------------------------------------------------------------------

    def delete(self, session_key: str | None = None) -> None:
        """Ends the session (its user logs out); unknown keys are fine."""
        from sessions_admin.lifecycle import end_sessions
        from sessions_admin.vocabulary import EndReason

        key = session_key or self.session_key
        if key is None:
            return
        own = self.found if key == self.session_key else None
        actor = own.actor if own else None
        named = Q(key_hash=hash_of(key))
        if own and self.is_support:  # who logs out is gone, and leaves no session that waits
            named |= Q(pk=own.asked_in_id)
        sessions = self.get_model_class().objects.filter(named)
        end_sessions(sessions, reason=EndReason.LOGGED_OUT, actor=actor)

    def end_as_credential_changed(self) -> None:
        """The password changed since: the session is over and says so."""
        from sessions_admin.lifecycle import expire
        from sessions_admin.policy import Verdict
        from sessions_admin.vocabulary import EndReason

        found = self.found
        super().clear()
        if found:
            expire(found.id, Verdict(EndReason.CREDENTIAL_CHANGED, timezone.now()))
            self.ended_id = found.id
        self._session_key, self.found, self._user_id, self.modified = None, None, None, False

    def flush(self) -> None:
        super().flush()
        self.found = self._user_id = None

    async def acycle_key(self) -> None:
        await sync_to_async(self.cycle_key)()

    async def aflush(self) -> None:
        await sync_to_async(self.flush)()

    @classmethod
    def clear_expired(cls) -> None:
        from sessions_admin.lifecycle import end_overdue

        for _batch in end_overdue():
            pass

    # --- the cookie --------------------------------------------------------------------------

    @property
    def persistent(self) -> bool:
        """Remember me: the cookie outlives the browser."""
        return self._persistent

    @persistent.setter
    def persistent(self, remember: bool) -> None:
        self._get_session()  # reading later would undo the choice
        self._persistent = remember

    def get_expire_at_browser_close(self) -> bool:
        return not self.persistent and super().get_expire_at_browser_close()
