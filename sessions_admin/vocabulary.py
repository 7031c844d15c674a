"""The words of the product: one word per thing in code, screens, API and audit. Pure."""

from enum import StrEnum


class Kind(StrEnum):
    """What holds the session."""

    BROWSER = "browser"
    APP = "app"
    SUPPORT = "support"


class Initiator(StrEnum):
    """Who caused an ending: the values of CAEP 1.0 `initiating_entity`."""

    USER = "user"
    ADMIN = "admin"
    POLICY = "policy"
    SYSTEM = "system"


class EndReason(StrEnum):
    """Why a session ended."""

    LOGGED_OUT = "logged_out"
    REVOKED_BY_USER = "revoked_by_user"
    REVOKED_BY_ADMIN = "revoked_by_admin"
    REVOKED_BY_OPERATOR = "revoked_by_operator"
    IDLE_TIMEOUT = "idle_timeout"
    ABSOLUTE_TIMEOUT = "absolute_timeout"
    CONCURRENCY_LIMIT = "concurrency_limit"
    CREDENTIAL_CHANGED = "credential_changed"
    USER_DISABLED = "user_disabled"
    MEMBERSHIP_REMOVED = "membership_removed"
    TENANT_SUSPENDED = "tenant_suspended"
    TENANT_SWITCHED = "tenant_switched"
    RISK_DETECTED = "risk_detected"
    TOKEN_REUSE = "token_reuse"  # noqa: S105  a reason, not a secret
    API_REQUEST = "api_request"

    @property
    def initiator(self) -> Initiator:
        return INITIATORS[self]


INITIATORS: dict[EndReason, Initiator] = {
    EndReason.LOGGED_OUT: Initiator.USER,
    EndReason.REVOKED_BY_USER: Initiator.USER,
    EndReason.REVOKED_BY_ADMIN: Initiator.ADMIN,
    EndReason.REVOKED_BY_OPERATOR: Initiator.ADMIN,
    EndReason.IDLE_TIMEOUT: Initiator.POLICY,
    EndReason.ABSOLUTE_TIMEOUT: Initiator.POLICY,
    EndReason.CONCURRENCY_LIMIT: Initiator.POLICY,
    EndReason.CREDENTIAL_CHANGED: Initiator.USER,
    EndReason.USER_DISABLED: Initiator.ADMIN,
    EndReason.MEMBERSHIP_REMOVED: Initiator.ADMIN,
    EndReason.TENANT_SUSPENDED: Initiator.ADMIN,
    EndReason.TENANT_SWITCHED: Initiator.USER,
    EndReason.RISK_DETECTED: Initiator.POLICY,
    EndReason.TOKEN_REUSE: Initiator.SYSTEM,
    EndReason.API_REQUEST: Initiator.SYSTEM,
}


class AtLimit(StrEnum):
    """What happens when a sign-in would be one session too many."""

    END_OLDEST = "end_oldest"
    END_LEAST_RECENTLY_USED = "end_least_recently_used"
    DENY = "deny"
    ASK = "ask"


class AuditAction(StrEnum):
    """What the audit log records: subject.verb_past."""

    SESSION_STARTED = "session.started"
    SESSION_ENDED = "session.ended"
    SESSION_STEPPED_UP = "session.stepped_up"
    SESSION_RENAMED = "session.renamed"
    LOGIN_FAILED = "login.failed"
    LOGIN_DENIED = "login.denied"
    POLICY_CHANGED = "policy.changed"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    CREDENTIAL_CHANGED = "credential.changed"


class LoginOutcome(StrEnum):
    """How an attempt to sign in went."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DENIED = "denied"


class DeviceType(StrEnum):
    """What kind of thing the user agent says it is."""

    DESKTOP = "desktop"
    PHONE = "phone"
    TABLET = "tablet"
    BOT = "bot"
    APP = "app"
    UNKNOWN = "unknown"
