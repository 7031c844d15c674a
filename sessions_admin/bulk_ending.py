"""Ending by query, in two steps: first what would end, then those and no others.

The preview keeps the ids. The ending takes those that still match: so it never ends more than was
shown, however the sessions have moved since, and says what became of the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING
from uuid import UUID

from django.core import signing
from django.db import transaction
from django.utils import timezone

from sessions_admin.lifecycle import EndedSession, end_sessions
from sessions_admin.models import EndingPreview, Session
from sessions_admin.session_query import SessionQuery, matching
from sessions_admin.vocabulary import EndReason

if TYPE_CHECKING:
    from accounts.models import User
    from sessions_admin.live import SessionQuerySet
    from tenants.access import CurrentTenant

ENDED_AT_MOST = 20_000  # in a call: a second or two, and 320 kB of ids; ask again for more
SAMPLE = 20  # enough to recognise what is meant; the number says the rest
PREVIEW_LASTS = timedelta(minutes=10)  # as long as a proof of who asks
PREVIEWS_AT_MOST = 5  # of one caller: what it asked for before is forgotten
ID_BYTES = 16
IDS_A_STATEMENT = 5_000  # below every driver's limit of parameters
SALT = "sessions_admin.bulk_ending"


class PreviewGoneError(Exception):
    """The token names no preview of this caller and query, or its time is over."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a query would end now."""

    count: int
    more: bool  # there are others: they need another call
    sample: list[Session]
    token: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the sessions that the preview had counted."""

    previewed: int
    ended: list[EndedSession]
    ended_meanwhile: int
    changed_meanwhile: int  # live, but they match no more: somebody came back to one


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants sessions to end: its name in the API, the session that is spared, and what the
    audit log is told."""

    name: str
    tenant: CurrentTenant
    spared: UUID | None
    actor: User | None
    via: str


def preview_ending(query: SessionQuery, asker: Asker, *, sample: int = SAMPLE) -> Preview:
    """Counts and keeps what would end. Changes no session."""
    now = timezone.now()
    doomed = matching(Session.objects.all(), query, asker.tenant, now).exclude(pk=asker.spared)
    ids = list(doomed.order_by("pk").values_list("pk", flat=True)[: ENDED_AT_MOST + 1])
    more, ids = len(ids) > ENDED_AT_MOST, ids[:ENDED_AT_MOST]
    shown = Session.objects.with_deadlines().filter(pk__in=ids[:sample])
    with transaction.atomic():
        _forget_old(asker)
        kept = EndingPreview.objects.create(
            tenant_id=asker.tenant.id, caller=asker.name, query=query.as_data(), at=now,
            session_ids=b"".join(session_id.bytes for session_id in ids),
        )  # fmt: skip
    rows = shown.defer("data", "key_hash").order_by("pk")
    return Preview(len(ids), more, list(rows), signing.dumps(kept.id.hex, salt=SALT))


def end_previewed(token: str, query: SessionQuery, asker: Asker, *, note: str = "") -> Outcome:
    """Ends those of the preview that still match, in one transaction; each preview once.

    PreviewGoneError: there is no such preview, so nothing ends.
    """
    with transaction.atomic():
        ids = _taken(token, query, asker)
        ended: list[EndedSession] = []
        changed = 0
        for some in batched(ids, IDS_A_STATEMENT):
            ended += _end(some, query, asker, note)
            left = Session.objects.live().filter(pk__in=some)
            changed += left.exclude(pk=asker.spared).count()
    return Outcome(len(ids), ended, len(ids) - len(ended) - changed, changed)


def end_of(sessions: SessionQuerySet, asker: Asker, *, note: str = "") -> list[EndedSession]:
    """Ends those of these sessions that are the tenant's and live, but the one that asks."""
    return _revoke(sessions.live_within(asker.tenant), asker, note)


def _end(some: Iterable[UUID], query: SessionQuery, asker: Asker, note: str) -> list[EndedSession]:
    among = Session.objects.filter(pk__in=list(some))
    return _revoke(matching(among, query, asker.tenant, timezone.now()), asker, note)


def _revoke(sessions: SessionQuerySet, asker: Asker, note: str) -> list[EndedSession]:
    return end_sessions(
        sessions.exclude(pk=asker.spared),
        reason=EndReason.API_REQUEST, actor=asker.actor, note=note, via=asker.via,
    )  # fmt: skip


def _taken(token: str, query: SessionQuery, asker: Asker) -> list[UUID]:
    """The ids of the preview, which is used up. Two who bring the same token: one gets them."""
    try:
        preview_id = UUID(hex=signing.loads(token, salt=SALT, max_age=PREVIEW_LASTS))
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise PreviewGoneError from error
    mine = EndingPreview.objects.filter(tenant_id=asker.tenant.id, caller=asker.name)
    kept = mine.select_for_update().filter(pk=preview_id).first()
    if kept is None or kept.query != query.as_data():
        raise PreviewGoneError
    kept.delete()
    return list(_ids(bytes(kept.session_ids)))


def _ids(joined: bytes) -> Iterator[UUID]:
    for at in range(0, len(joined), ID_BYTES):
        yield UUID(bytes=joined[at : at + ID_BYTES])


def _forget_old(asker: Asker) -> None:
    own = EndingPreview.objects.filter(caller=asker.name).order_by("-pk")
    stale = list(own.values_list("pk", flat=True)[PREVIEWS_AT_MOST - 1 :])
    EndingPreview.objects.filter(pk__in=stale).delete()
