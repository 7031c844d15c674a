"""Who may pass: an application's rules and what is known of a session. Pure.

Whatever is missing or unknown is a reason to refuse, never one to skip a rule.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from sessions_admin.authz.target import Target, is_public

READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Answer(StrEnum):
    """What becomes of a request."""

    ALLOW = "allow"
    SIGN_IN = "sign_in"
    FORBIDDEN = "forbidden"
    BAD_REQUEST = "bad_request"


class Why(StrEnum):
    """The reason, for the person and for the log."""

    ADMITTED = "admitted"
    PUBLIC = "public"
    UNREADABLE = "unreadable"
    UNKNOWN_APPLICATION = "unknown_application"
    UNKNOWN_ADDRESS = "unknown_address"
    NOT_SIGNED_IN = "not_signed_in"
    SUSPECTED = "suspected"
    NO_TENANT = "no_tenant"
    OTHER_TENANT = "other_tenant"
    OTHER_GROUP = "other_group"
    WEAK_SIGN_IN = "weak_sign_in"
    READ_ONLY = "read_only"


@dataclass(frozen=True, slots=True)
class Decision:
    answer: Answer
    why: Why


@dataclass(frozen=True, slots=True)
class Rules:
    """An active application, and whom it lets in."""

    id: UUID
    name: str
    host: str
    tenants: frozenset[UUID]
    groups: frozenset[int]  # none: every member of the tenants
    minimum_aal: int
    public_paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a browser asked for, and whether we know from where."""

    method: str
    target: Target
    ip_known: bool


@dataclass(frozen=True, slots=True)
class Visitor:
    """What is known of a live session."""

    tenant: UUID | None
    groups: frozenset[int]
    aal: int
    suspected: bool = False
    read_only: bool = False


def before_asking_who(rules: Rules | None, asked: Asked) -> Decision | None:
    """What is decided whoever it is; None: it depends on the person."""
    if rules is None:
        return Decision(Answer.FORBIDDEN, Why.UNKNOWN_APPLICATION)
    if not asked.ip_known:
        return Decision(Answer.FORBIDDEN, Why.UNKNOWN_ADDRESS)
    if is_public(asked.target.path, rules.public_paths):
        return Decision(Answer.ALLOW, Why.PUBLIC)
    return None


def decide(rules: Rules, method: str, visitor: Visitor | None) -> Decision:
    """Whether this person may send such a request to the application."""
    if visitor is None:
        return Decision(Answer.SIGN_IN, Why.NOT_SIGNED_IN)
    if visitor.suspected:
        return Decision(Answer.SIGN_IN, Why.SUSPECTED)
    if refusal := _refusal(rules, method, visitor):
        return Decision(Answer.FORBIDDEN, refusal)
    return Decision(Answer.ALLOW, Why.ADMITTED)


def _refusal(rules: Rules, method: str, visitor: Visitor) -> Why | None:
    if visitor.tenant is None:
        return Why.NO_TENANT
    if visitor.tenant not in rules.tenants:
        return Why.OTHER_TENANT
    if rules.groups and not rules.groups & visitor.groups:
        return Why.OTHER_GROUP
    if visitor.aal < rules.minimum_aal:
        return Why.WEAK_SIGN_IN
    if visitor.read_only and method not in READING:
        return Why.READ_ONLY
    return None
