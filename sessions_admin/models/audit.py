"""What must be answerable for."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_admin.identifiers import uuid7
from sessions_admin.vocabulary import AuditAction
from sessions_admin.written_order import ThisTransaction
from tenants.models import Tenant


class AuditEvent(models.Model):
    """Something that happened and must be answerable for. Written by `audit.record` alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(_("time"), default=timezone.now)
    action = models.CharField(_("action"), max_length=24, choices=[(a, a) for a in AuditAction])
    tenant = models.ForeignKey(
        Tenant, models.CASCADE, null=True, db_index=False, related_name="+",
        verbose_name=_("tenant"),
    )  # fmt: skip
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="+",
        verbose_name=_("by whom"),
    )  # fmt: skip
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="+",
        verbose_name=_("person"),
    )  # fmt: skip
    session_id = models.UUIDField(null=True)
    data = models.JSONField(default=dict)
    # Which transaction wrote it: readers that follow the log go by this, not by `at`.
    written_in = models.BigIntegerField(db_default=ThisTransaction(), editable=False)

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        indexes = [
            models.Index(fields=["tenant", "id"], name="audit_by_tenant"),
            models.Index(fields=["tenant", "written_in", "id"], name="audit_as_written"),
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
