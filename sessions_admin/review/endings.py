"""Why a session ended, in words: a line for lists, and the whole answer for the signed-out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_admin.review.lifelines import duration_words
from sessions_admin.vocabulary import EndReason

Words = str | Promise
BY_THE_CLOCK = {EndReason.IDLE_TIMEOUT, EndReason.ABSOLUTE_TIMEOUT}
# What the person did in another session; `end_note` of these names that session.
DONE_ELSEWHERE = {EndReason.REVOKED_BY_USER}
# `end_note` of these is what was seen, in the person's language.
EXPLAINED = {EndReason.RISK_DETECTED}


@dataclass(frozen=True, slots=True)
class Telling:
    """One reason: `line` in a list; `title`, `text` and `advice` on the page of the signed-out."""

    line: Words
    title: Words
    text: Words
    advice: Words = ""


_NOT_YOU = _("Was that not you? Sign in and change your password: somebody else may know it.")
_LOOK_THROUGH = _(
    "Sign in again and look through your sessions. Change your password if one is not yours."
)
_UNEXPECTED = _("If you did not expect this, ask them about it and change your password.")

TELLINGS: dict[EndReason, Telling] = {
    EndReason.LOGGED_OUT: Telling(
        _("Logged out"),
        _("You are signed out"),
        _("You logged out of this session."),
    ),
    EndReason.REVOKED_BY_USER: Telling(
        _("Logged out from another session"),
        _("You logged this session out"),
        _("You ended it from another session of yours."),
        _NOT_YOU,
    ),
    EndReason.REVOKED_BY_ADMIN: Telling(
        _("Logged out by %(actor)s"),
        _("An administrator logged you out"),
        _("%(Actor)s ended this session."),
        _UNEXPECTED,
    ),
    EndReason.REVOKED_BY_OPERATOR: Telling(
        _("Logged out by a Latchkey operator"),
        _("An operator logged you out"),
        _("A Latchkey operator ended this session."),
        _UNEXPECTED,
    ),
    EndReason.IDLE_TIMEOUT: Telling(
        _("Idle timeout"),
        _("You were away for a while"),
        _("%(tenant)s ends sessions that are not used for %(unused)s."),
    ),
    EndReason.ABSOLUTE_TIMEOUT: Telling(
        _("Force re-login"),
        _("It is time to sign in again"),
        _("%(tenant)s asks for a new sign-in after %(age)s, however active you are."),
    ),
    EndReason.CONCURRENCY_LIMIT: Telling(
        _("Gave way to a newer sign-in (limit of sessions)"),
        _("A newer sign-in took this one's place"),
        _("%(tenant)s limits how many sessions you may have at a time."),
        _NOT_YOU,
    ),
    EndReason.CREDENTIAL_CHANGED: Telling(
        _("Password or two-step sign-in changed"),
        _("Your password or two-step sign-in was changed"),
        _("Sessions from before the change have ended. Sign in with the new one."),
        _("Was that not you? Reset your password now."),
    ),
    EndReason.USER_DISABLED: Telling(
        _("Account disabled by %(actor)s"),
        _("Your account is disabled"),
        _("%(Actor)s disabled your account. You cannot sign in until it is enabled again."),
    ),
    EndReason.MEMBERSHIP_REMOVED: Telling(
        _("Membership ended by %(actor)s"),
        _("You no longer belong to %(tenant)s"),
        _("%(Actor)s ended your membership, and this session with it."),
    ),
    EndReason.TENANT_SUSPENDED: Telling(
        _("Tenant suspended"),
        _("%(tenant)s is suspended"),
        _("Nobody can sign in to %(tenant)s until a Latchkey operator lets it in again."),
    ),
    EndReason.TENANT_SWITCHED: Telling(
        _("Went on in another tenant"),
        _("This session went on in another tenant"),
        _("You switched to another tenant."),
    ),
    EndReason.RISK_DETECTED: Telling(
        _("Ended to protect the account"),
        _("We ended this session to protect you"),
        _("It was used in a way that did not look like you."),
        _LOOK_THROUGH,
    ),
    EndReason.TOKEN_REUSE: Telling(
        _("A token of it was used twice"),
        _("We ended this session to protect you"),
        _("One of its tokens was used twice, as happens when it was copied."),
        _LOOK_THROUGH,
    ),
    EndReason.API_REQUEST: Telling(
        _("Ended by an application"),
        _("An application ended this session"),
        _("An application that may end sessions of %(tenant)s asked for it."),
    ),
    EndReason.SUPPORT_ENDED: Telling(
        _("Ended with the session that it came from"),
        _("The support session is over"),
        _("The session that it was made from or asked for in has ended, or the right to it."),
    ),
}  # fmt: skip


def line(session: Any, viewer: Any = None) -> str:
    """“Logged out by Ann Lee, an administrator of Acme”; for rows of display.ended_rows()."""
    reason = EndReason(session.end_reason)
    if reason in DONE_ELSEWHERE and session.end_note:
        return gettext("Logged out from %(session)s") % {"session": session.end_note}
    return str(TELLINGS[reason].line) % _facts(session, viewer)


def title(session: Any) -> str:
    """The heading for the person who was signed out."""
    return str(_telling(session).title) % _facts(session, session.user)


def text(session: Any) -> str:
    """The sentence under it: who or what did it, and by which rule."""
    if session.end_reason in DONE_ELSEWHERE and session.end_note:
        return gettext("You ended it from %(session)s.") % {"session": session.end_note}
    if session.end_reason in EXPLAINED and session.end_note:
        return str(session.end_note)
    return str(_telling(session).text) % _facts(session, session.user)


def advice(session: Any) -> Words:
    """What to think of if it was unexpected; empty when there is nothing to worry about."""
    return _telling(session).advice


def note(session: Any) -> str:
    """What the one who ended it wrote to the person."""
    return "" if session.end_reason in DONE_ELSEWHERE | EXPLAINED else str(session.end_note)


def actor_words(session: Any, viewer: Any = None) -> str:
    """Who ended it, by name only to people of the same tenant: operators keep their names."""
    ender = session.ended_by
    if ender is not None and viewer is not None and ender.pk == viewer.pk:
        return gettext("you")
    if session.end_reason == EndReason.REVOKED_BY_OPERATOR:
        return gettext("a Latchkey operator")
    if ender is not None and session.ender_is_colleague:
        return gettext("%(name)s, an administrator of %(tenant)s") % {
            "name": ender.name, "tenant": session.tenant,
        }  # fmt: skip
    if ender is not None and ender.is_operator:
        return gettext("a Latchkey operator")
    return gettext("an administrator")


def _as_subject(actor: str) -> str:
    """“Ann Lee, an administrator of Acme,” at the beginning of a sentence."""
    start = actor[:1].upper() + actor[1:]
    return gettext("%s,") % start if ", " in start else start


def _telling(session: Any) -> Telling:
    return TELLINGS[EndReason(session.end_reason)]


def _facts(session: Any, viewer: Any) -> dict[str, str]:
    actor = actor_words(session, viewer)
    return {
        "actor": actor,
        "Actor": _as_subject(actor),
        "tenant": str(session.tenant) if session.tenant else gettext("This portal"),
        # The true moment of an ending by the clock is the deadline: so this is the rule's length.
        "unused": duration_words(session.ended_at - session.last_seen_at),
        "age": duration_words(session.ended_at - session.authenticated_at),
    }
