"""The session rules of a tenant, and how far they may go."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_admin.policy import IDLE_TIMEOUT_OFF, Policy
from sessions_admin.vocabulary import AtLimit, EndReason
from tenants.models import Tenant

# The rules of people without a tenant; also what a new tenant starts with.
PLATFORM_POLICY_ID = uuid.UUID(int=0)


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

    # Whether an administrator may copy a token of a person, or open the portal as them, and for
    # how long.
    support_sessions_enabled = models.BooleanField(_("Support sessions"), default=True)
    support_session_lifetime = models.DurationField(default=timedelta(minutes=15))

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
            refresh_token_lifetime=self.refresh_token_lifetime,
            ended_before=self.ended_before,
            ended_before_reason=EndReason(self.ended_before_reason),
        )


class PlannedChange(models.Model):
    """New session settings that a tenant's people were warned of, and when they will apply."""

    id = models.UUIDField(primary_key=True, editable=False)  # as SessionPolicy
    tenant = models.OneToOneField(Tenant, models.CASCADE, null=True, editable=False)
    values = models.JSONField(default=dict)  # as in the audit log
    planned_at = models.DateTimeField(default=timezone.now)
    planned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    due_at = models.DateTimeField()

    class Meta:
        verbose_name = _("planned settings")
        verbose_name_plural = _("planned settings")

    def __str__(self) -> str:
        return f"{self.tenant} {self.due_at:%Y-%m-%d %H:%M}"


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
