"""What a notice says: the one place for its words, in the portal and by mail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from sessions_admin.models import Notice, Session
from sessions_admin.notices import changes
from sessions_admin.review import endings
from sessions_admin.suspicious.evidence import sentence
from sessions_admin.vocabulary import (
    Detector,
    EndReason,
    NoticeAnswer,
    NoticeKind,
    Novelty,
    Response,
)

Words = str | Promise


@dataclass(frozen=True, slots=True)
class Telling:
    """One notice in words; `asks` whether it ends in “was this you?”."""

    title: Words
    text: Words
    seen: list[str] = field(default_factory=list)  # of device, place, address: known, not yet said
    facts: list[tuple[Words, str]] = field(default_factory=list)
    note: str = ""  # what somebody wrote to the person
    asks: bool = False
    advice: Words = ""
    icon: str = "info"
    is_warning: bool = False


NEWS: dict[frozenset[str], Words] = {
    frozenset({Novelty.DEVICE}): gettext_lazy(
        "Somebody signed in to your account with a browser that you had not used here before."
    ),
    frozenset({Novelty.COUNTRY}): gettext_lazy(
        "Somebody signed in to your account from a country that you had not signed in from before."
    ),
    frozenset({Novelty.NETWORK}): gettext_lazy(
        "Somebody signed in to your account from a network that you had not used here before."
    ),
    frozenset({Novelty.DEVICE, Novelty.COUNTRY}): gettext_lazy(
        "Somebody signed in to your account with a new browser and from a new country."
    ),
}
# Findings that say no more than that somebody signed in as never before.
FIRST_TIMES = frozenset({Detector.NEW_DEVICE, Detector.NEW_COUNTRY})
IF_NOT_YOU = gettext_lazy(
    "If it was not you, somebody else can get into your account: log that session out and choose "
    "a new password."
)


def telling(notice: Notice) -> Telling:
    """The words, for a row of reading.with_facts()."""
    return TELLINGS[NoticeKind(notice.kind)](notice)


def _new_sign_in(notice: Notice) -> Telling:
    seen = _seen(notice)
    title = _sign_in_title(seen)
    return Telling(
        title=title,
        text=_novelty_words(notice),
        seen=_line(seen, title),
        facts=_access(notice, seen),
        asks=True,
        advice=IF_NOT_YOU,
        icon="key",
        is_warning=True,
    )


def _sign_in_title(seen: Session) -> str:
    where = ", ".join(part for part in (seen.device, seen.city or seen.country) if part)
    return _("New sign-in: %(where)s") % {"where": where}


def _novelty_words(notice: Notice) -> Words:
    told = notice.data.get("novelty")
    novelty = set(told if told is not None else getattr(notice.session, "novelty", ()))
    if len(novelty) > 1:
        novelty.discard(Novelty.NETWORK)  # a new country or device is rarely in a known one
    return NEWS.get(frozenset(novelty)) or _("Somebody signed in to your account.")


def _session_ended(notice: Notice) -> Telling:
    session, count = notice.session, int(notice.data.get("count", 1))
    if session is None:  # pruned; what it was is not known any more
        return Telling(title=_("You were logged out"), text="", facts=_when(notice), icon="lock")
    _lend_facts(notice, session)
    return Telling(
        title=endings.title(session),
        text=endings.text(session) if count == 1 else _many_ended(session, count),
        seen=_line(session) if count == 1 else [],
        facts=_access(notice, session) if count == 1 else _when(notice),
        note=endings.note(session),
        advice=endings.advice(session),
        icon="lock",
        is_warning=session.end_reason == EndReason.TOKEN_REUSE,
    )


def _many_ended(session: Session, count: int) -> str:
    words = ngettext(
        "%(count)d session of yours has ended. %(text)s",
        "%(count)d sessions of yours have ended. %(text)s",
        count,
    )
    return words % {"count": count, "text": endings.text(session)}


def _credential_changed(notice: Notice) -> Telling:
    change = changes.change_of(notice.data)
    by_oneself = not notice.data.get("by_operator")
    return Telling(
        title=change.title,
        text=change.text if by_oneself else _("%s A Latchkey operator did it.") % change.text,
        seen=_line(_seen(notice)) if by_oneself else [],
        facts=_access(notice, _seen(notice)) if by_oneself else _when(notice),
        asks=by_oneself,
        advice=IF_NOT_YOU if by_oneself else _("If you did not expect this, ask them about it."),
        icon="shield",
        is_warning=True,
    )


def _risk_detected(notice: Notice) -> Telling:
    seen, text = _seen(notice), _risk_words(notice)
    return Telling(
        title=_risk_title(notice, seen),
        text=text,
        seen=_line(seen, text),
        facts=_access(notice, seen),
        asks=True,
        advice=IF_NOT_YOU,
        icon="warning",
        is_warning=True,
    )


def _risk_title(notice: Notice, seen: Session) -> str:
    if notice.data.get("ended"):
        return _("We ended a session to protect your account")
    if notice.data.get("response") == Response.STEP_UP:
        return _("We asked for a new proof that it is you")
    if notice.data.get("detector") in FIRST_TIMES:
        return _sign_in_title(seen)
    return _("Your account was used in an unusual way")


def _risk_words(notice: Notice) -> str:
    detector = notice.data.get("detector") or (notice.risk and notice.risk.detector)
    evidence = notice.data.get("evidence") or (notice.risk and notice.risk.evidence)
    if detector and evidence:
        return sentence(detector, evidence)
    return _("It was used in a way that did not look like you.")


def _support_started(notice: Notice) -> Telling:
    session = notice.session
    actor = _asker(notice)
    text = (
        _("%(actor)s can see what you see, and changes nothing.")
        if session is None or session.read_only
        else _("%(actor)s can see and do what you can, except for your password and your profile.")
    )
    return Telling(
        title=_("Support access to your account"),
        text=text % {"actor": actor[:1].upper() + actor[1:]},
        facts=[*_when(notice), *_until(session)],
        note=session.ask_reason if session else "",
        advice=_("You can end it at any time under My sessions."),
        icon="users",
    )


def _asker(notice: Notice) -> str:
    """By name only to people of the same tenant: operators keep their names."""
    asker = notice.session and notice.session.asked_by
    if asker and getattr(notice, "asker_is_colleague", False):
        return _("%(name)s, of %(tenant)s,") % {"name": asker.name, "tenant": notice.tenant}
    return _("a Latchkey operator") if asker and asker.is_operator else _("an administrator")


def _until(session: Session | None) -> list[tuple[Words, str]]:
    return [(_("Until"), moment(session.expires_at))] if session and session.expires_at else []


def _settings_planned(notice: Notice) -> Telling:
    at = notice.data.get("due_at")
    when = moment(datetime.fromisoformat(at)) if at else ""
    return Telling(
        title=_("Session settings will change soon"),
        text=_("New rules will then apply to your sessions in %(tenant)s, and end some of them. "
               "Save what you are working on.") % {"tenant": notice.tenant or "Latchkey"},
        facts=[(_("From"), when)] if when else [],
        icon="sliders",
    )  # fmt: skip


TELLINGS: dict[NoticeKind, Callable[[Notice], Telling]] = {
    NoticeKind.NEW_SIGN_IN: _new_sign_in,
    NoticeKind.SESSION_ENDED: _session_ended,
    NoticeKind.CREDENTIAL_CHANGED: _credential_changed,
    NoticeKind.RISK_DETECTED: _risk_detected,
    NoticeKind.SUPPORT_STARTED: _support_started,
    NoticeKind.SETTINGS_PLANNED: _settings_planned,
}


def answer_words(answer: str) -> Words:
    """“You said that this was you.”"""
    if answer == NoticeAnswer.ME:
        return _("You said that this was you.")
    return _("You said that this was not you.")


def moment(at: datetime) -> str:
    """With the zone: a mail is read anywhere."""
    local = timezone.localtime(at)
    return date_format(local, _("j M Y, H:i T"))


def _seen(notice: Notice) -> Session:
    """What was seen then; a session may have moved on since, or be gone."""
    if seen := notice.data.get("seen"):
        return Session(**seen)
    return notice.session or Session()


def _line(seen: Session, said: str = "") -> list[str]:
    """Not what is `said` beside it already, and not a device that nobody knows."""
    device = seen.device if seen.browser or seen.system else ""
    parts = (device, seen.place, str(seen.ip or ""))
    return [part for part in parts if part and part not in said]


def _access(notice: Notice, seen: Session) -> list[tuple[Words, str]]:
    facts: list[tuple[Words, str]] = [
        (_("Device"), seen.device),
        (_("Place"), seen.place and _("%s (approximate)") % seen.place),
        (_("IP address"), str(seen.ip or "")),
    ]
    return [*((label, value) for label, value in facts if value), *_when(notice)]


def _when(notice: Notice) -> list[tuple[Words, str]]:
    tenant = [(_("Tenant"), str(notice.tenant))] if notice.tenant else []
    return [(_("When"), moment(notice.at)), *tenant]


def _lend_facts(notice: Any, session: Any) -> None:
    """endings.text() wants to know whether who ended the session may be named."""
    session.ender_is_colleague = getattr(notice, "ender_is_colleague", False)
