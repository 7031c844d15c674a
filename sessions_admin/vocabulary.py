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
    SUPPORT_ENDED = "support_ended"

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
    EndReason.SUPPORT_ENDED: Initiator.POLICY,
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
    POLICY_PLANNED = "policy.planned"
    POLICY_PLAN_CANCELLED = "policy.plan_cancelled"
    RISK_DETECTED = "risk.detected"
    RISK_DECIDED = "risk.decided"
    RISK_RULES_CHANGED = "risk_rules.changed"
    DEVICE_FORGOTTEN = "device.forgotten"
    NOTICE_ANSWERED = "notice.answered"
    EXPORT_CREATED = "export.created"
    API_KEY_CREATED = "api_key.created"
    API_KEY_ROTATED = "api_key.rotated"
    API_KEY_REVOKED = "api_key.revoked"
    TOKEN_REUSED = "token.reused"  # noqa: S105  an action, not a secret
    SUPPORT_STARTED = "support.started"
    APPLICATION_ENTERED = "application.entered"


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


class Novelty(StrEnum):
    """What a person had never signed in with before."""

    DEVICE = "device"
    COUNTRY = "country"
    NETWORK = "network"


class Detector(StrEnum):
    """What makes a session suspicious; a column of RiskRules each."""

    IMPOSSIBLE_TRAVEL = "impossible_travel"
    FAR_APART = "far_apart"
    NEW_DEVICE = "new_device"
    NEW_COUNTRY = "new_country"
    AGENT_CHANGED = "agent_changed"
    NETWORK_JUMP = "network_jump"
    GUESSED_PASSWORD = "guessed_password"  # noqa: S105  a finding, not a secret
    DORMANT_RETURN = "dormant_return"


class Response(StrEnum):
    """What a tenant's rules do when a detector fires."""

    OFF = "off"
    RECORD = "record"
    NOTIFY = "notify"
    STEP_UP = "step_up"
    END_NEW = "end_new"
    END_OLD = "end_old"
    END_BOTH = "end_both"


class RiskState(StrEnum):
    """What became of a finding."""

    OPEN = "open"
    DISMISSED = "dismissed"
    ACTED_ON = "acted_on"


class NoticeKind(StrEnum):
    """What a person is told of."""

    NEW_SIGN_IN = "new_sign_in"
    SESSION_ENDED = "session_ended"
    CREDENTIAL_CHANGED = "credential_changed"
    RISK_DETECTED = "risk_detected"
    SUPPORT_STARTED = "support_started"
    SETTINGS_PLANNED = "settings_planned"


class NoticeAnswer(StrEnum):
    """What the person said to it."""

    ME = "me"
    NOT_ME = "not_me"
