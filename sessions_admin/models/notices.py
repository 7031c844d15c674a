"""What a person is told, in the portal and by mail."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_admin.identifiers import uuid7
from sessions_admin.models.risk import Risk
from sessions_admin.models.session import Session
from sessions_admin.vocabulary import NoticeAnswer, NoticeKind
from tenants.models import Tenant

ERROR_LENGTH = 200  # what a mail server says in its first line


class Notice(models.Model):
    """One event that a person hears of: the entry in the portal and, until sent, its mail.

    Written in the transaction of what it tells, by `notices.notify` alone. The row is the outbox:
    a mail server that is down loses nothing, and `event` makes it one notice an event.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(_("time"), default=timezone.now)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_index=False, related_name="notices"
    )
    tenant = models.ForeignKey(
        Tenant, models.CASCADE, null=True, related_name="+", verbose_name=_("tenant")
    )
    kind = models.CharField(max_length=20, choices=[(k, k) for k in NoticeKind])
    # What makes it one: “new_sign_in:<session>”. The same event is told once.
    event = models.CharField(max_length=120, unique=True)
    session = models.ForeignKey(Session, models.SET_NULL, null=True, related_name="+")
    risk = models.ForeignKey(Risk, models.SET_NULL, null=True, related_name="+")
    data = models.JSONField(default=dict)
    seen_at = models.DateTimeField(null=True)  # dismissed in the portal

    mail_due_at = models.DateTimeField(null=True, default=timezone.now)  # None: none is to be sent
    mail_attempts = models.PositiveSmallIntegerField(default=0)
    mail_error = models.CharField(max_length=ERROR_LENGTH, blank=True)  # of the last attempt
    mailed_at = models.DateTimeField(null=True)

    answer = models.CharField(
        max_length=8, blank=True, choices=[(answer, answer) for answer in NoticeAnswer]
    )
    answered_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        indexes = [
            models.Index(fields=["user", "id"], name="notice_by_user"),
            models.Index(
                fields=["mail_due_at"], name="notice_to_mail", condition=Q(mailed_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"
