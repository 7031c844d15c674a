"""What you hold open: sessions, where they were seen, attempts to sign in, rules, audit."""

import uuid
from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_admin.fields import AccessFields
from sessions_admin.identifiers import uuid7
from sessions_admin.live import SessionQuerySet
from sessions_admin.policy import IDLE_TIMEOUT_OFF, Policy
from sessions_admin.vocabulary import AtLimit, AuditAction, EndReason, Kind, LoginOutcome
from tenants.models import Tenant

# The rules of people without a tenant; also what a new tenant starts with.
PLATFORM_POLICY_ID = uuid.UUID(int=0)
LABEL_LENGTH = 60  # fits a card on a phone in two lines
NOTE_LENGTH = 200  # a sentence that the person will read


class Session(AccessFields):
    """One sign-in of one person in one tenant, or an anonymous visitor's few notes.

    The row is the credential's record and its tracking data. `id` is its only name; the cookie's
    value is stored nowhere, only its SHA-256. Ended rows are the history. Rows are changed by
    `sessions_admin.lifecycle` alone.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Empty for the record of a stay that went on in another tenant (tenant_switched).
    key_hash = models.BinaryField(max_length=32, null=True, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    tenant = models.ForeignKey(
        Tenant, models.CASCADE, null=True, db_index=False, related_name="sessions"
    )
    kind = models.CharField(max_length=8, default=Kind.BROWSER, choices=[(k, k) for k in Kind])

    started_at = models.DateTimeField(_("started"), default=timezone.now)
    authenticated_at = models.DateTimeField(_("signed in"), default=timezone.now)
    # Never index it: without an index PostgreSQL moves it by a HOT update.
    last_seen_at = models.DateTimeField(_("last active"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True)
    expires_at = models.DateTimeField(null=True)  # an explicit cap: Django's set_expiry()

    persistent = models.BooleanField(default=False)  # Remember me: outlives the browser
    amr = models.CharField(max_length=40, blank=True)  # RFC 8176 values, separated by blanks
    aal = models.PositiveSmallIntegerField(default=0)  # NIST SP 800-63B level; 0: anonymous
    label = models.CharField(_("name"), max_length=LABEL_LENGTH, blank=True)

    end_reason = models.CharField(max_length=24, blank=True, choices=[(r, r) for r in EndReason])
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    end_note = models.CharField(max_length=NOTE_LENGTH, blank=True)
    data = models.BinaryField(default=b"")  # sealed with the cookie's value; wiped by ending

    objects: ClassVar[SessionQuerySet] = SessionQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        indexes = [
            models.Index(
                fields=["user", "started_at"], name="live_by_user", condition=Q(ended_at=None)
            ),
            models.Index(
                fields=["tenant", "user"], name="live_by_tenant", condition=Q(ended_at=None)
            ),
            models.Index(
                fields=["user", "ended_at"],
                name="ended_by_user",
                condition=Q(ended_at__isnull=False),
            ),
            models.Index(
                fields=["tenant", "ended_at"],
                name="ended_by_tenant",
                condition=Q(ended_at__isnull=False),
            ),
            models.Index(fields=["ip"], name="session_by_ip"),
            models.Index(fields=["started_at"], name="session_by_start"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """What the person called it, or the device."""
        return self.label or self.device


class Sighting(AccessFields):
    """A session seen with one IP, device and place; kept from the first change on."""

    session = models.ForeignKey(Session, models.CASCADE, related_name="sightings")
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("sighting")
        verbose_name_plural = _("sightings")
        constraints = [
            models.UniqueConstraint(
                fields=["session", "ip", "user_agent"], name="one_sighting_a_client"
            ),
            models.UniqueConstraint(
                fields=["session", "user_agent"],
                name="one_sighting_without_ip",
                condition=Q(ip=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device} · {self.ip}"


class LoginAttempt(AccessFields):
    """Somebody tried to sign in; failures too, for the login history."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(_("time"), default=timezone.now)
    email = models.CharField(_("address typed"), max_length=254, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, db_index=False, related_name="+"
    )
    tenant = models.ForeignKey(Tenant, models.CASCADE, null=True, related_name="+")
    session = models.ForeignKey(Session, models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(max_length=10, choices=[(o, o) for o in LoginOutcome])
    amr = models.CharField(_("method"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("login attempt")
        verbose_name_plural = _("login attempts")
        indexes = [
            models.Index(fields=["user", "id"], name="attempt_by_user"),
            models.Index(fields=["email", "id"], name="attempt_by_email"),
            models.Index(fields=["ip", "id"], name="attempt_by_ip"),
        ]

    def __str__(self) -> str:
        return f"{self.email} {self.outcome}"


class SessionPolicy(models.Model):
    """The session rules of a tenant, or the platform's (no tenant). A switch that is off keeps
    its value. Values stay within PolicyBounds."""

    id = models.UUIDField(primary_key=True, editable=False)  # the tenant's, or PLATFORM_POLICY_ID
    tenant = models.OneToOneField(Tenant, models.CASCADE, null=True, editable=False)

    idle_timeout_enabled = models.BooleanField(_("Idle session timeout"), default=False)
    idle_timeout = models.DurationField(default=timedelta(minutes=30))
    absolute_timeout_enabled = models.BooleanField(_("Force re-login"), default=False)
    absolute_timeout = models.DurationField(default=timedelta(days=14))
    max_live_sessions_enabled = models.BooleanField(_("Maximum concurrent sessions"), default=False)
    max_live_sessions = models.PositiveSmallIntegerField(
        default=5, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    at_limit = models.CharField(
        max_length=24, default=AtLimit.END_OLDEST, choices=[(a, a) for a in AtLimit]
    )
    access_token_lifetime = models.DurationField(default=timedelta(minutes=5))
    refresh_token_lifetime = models.DurationField(default=timedelta(days=30))

    # Everything that started before is over: set by lifecycle.end_everything, never cleared.
    ended_before = models.DateTimeField(null=True, editable=False)
    ended_before_reason = models.CharField(
        max_length=24, default=EndReason.REVOKED_BY_OPERATOR, editable=False
    )
    ended_before_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )

    class Meta:
        verbose_name = _("session settings")
        verbose_name_plural = _("session settings")

    def __str__(self) -> str:
        return str(self.tenant) if self.tenant else str(_("Platform"))

    def rules(self) -> Policy:
        """The pure policy, switches resolved."""
        return Policy(
            idle_timeout=self.idle_timeout if self.idle_timeout_enabled else IDLE_TIMEOUT_OFF,
            absolute_timeout=self.absolute_timeout if self.absolute_timeout_enabled else None,
            max_live_sessions=self.max_live_sessions if self.max_live_sessions_enabled else None,
            at_limit=AtLimit(self.at_limit),
            ended_before=self.ended_before,
            ended_before_reason=EndReason(self.ended_before_reason),
        )


class PolicyBounds(models.Model):
    """How far a tenant's settings may go: one row, edited by operators."""

    idle_timeout_min = models.DurationField(default=timedelta(minutes=5))
    idle_timeout_max = models.DurationField(default=timedelta(hours=24))
    absolute_timeout_min = models.DurationField(default=timedelta(hours=1))
    absolute_timeout_max = models.DurationField(default=timedelta(days=90))
    max_live_sessions_max = models.PositiveSmallIntegerField(
        default=100, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    access_token_lifetime_min = models.DurationField(default=timedelta(minutes=1))
    access_token_lifetime_max = models.DurationField(default=timedelta(minutes=60))
    refresh_token_lifetime_min = models.DurationField(default=timedelta(hours=1))
    refresh_token_lifetime_max = models.DurationField(default=timedelta(days=365))

    class Meta:
        verbose_name = _("platform bounds")
        verbose_name_plural = _("platform bounds")

    def __str__(self) -> str:
        return str(_("Platform bounds"))


class AuditEvent(models.Model):
    """Something that happened and must be answerable for. Written by `audit.record` alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=24, choices=[(a, a) for a in AuditAction])
    tenant = models.ForeignKey(Tenant, models.CASCADE, null=True, db_index=False, related_name="+")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    session_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        indexes = [
            models.Index(fields=["tenant", "id"], name="audit_by_tenant"),
            # Few among millions, for the history on the screen of the settings.
            models.Index(
                fields=["tenant", "id"],
                name="policy_changes",
                condition=Q(action=AuditAction.POLICY_CHANGED),
            ),
            models.Index(fields=["user", "id"], name="audit_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.at:%Y-%m-%d %H:%M}"
