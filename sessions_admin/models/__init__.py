"""What you hold open, and what is kept about it."""

from sessions_admin.models.api import ApiUsage, EndingPreview, IdempotentCall
from sessions_admin.models.applications import Application, ApplicationPass
from sessions_admin.models.audit import AuditEvent
from sessions_admin.models.mass_ending import MassEnding
from sessions_admin.models.notices import Notice
from sessions_admin.models.policy import (
    PLATFORM_POLICY_ID,
    PlannedChange,
    PolicyBounds,
    SessionPolicy,
)
from sessions_admin.models.risk import Risk, RiskRules
from sessions_admin.models.session import (
    LABEL_LENGTH,
    NOTE_LENGTH,
    KnownDevice,
    LoginAttempt,
    Session,
    Sighting,
)
from sessions_admin.models.tokens import ApiKey, RefreshToken, SigningKey

__all__ = [
    "LABEL_LENGTH",
    "NOTE_LENGTH",
    "PLATFORM_POLICY_ID",
    "ApiKey",
    "ApiUsage",
    "Application",
    "ApplicationPass",
    "AuditEvent",
    "EndingPreview",
    "IdempotentCall",
    "KnownDevice",
    "LoginAttempt",
    "MassEnding",
    "Notice",
    "PlannedChange",
    "PolicyBounds",
    "RefreshToken",
    "Risk",
    "RiskRules",
    "Session",
    "SessionPolicy",
    "Sighting",
    "SigningKey",
]
