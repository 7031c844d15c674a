"""A log-out of so many people that it goes on after the answer."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_admin.identifiers import uuid7
from sessions_admin.models.session import NOTE_LENGTH
from tenants.models import Tenant

ID_BYTES = 16
# A batch takes less than a second: who has not moved for so long was stopped, or its database was.
STALLED_AFTER = timedelta(seconds=10)


class MassEnding(models.Model):
    """Whose sessions in a tenant end, who wanted that, and how far it is.

    The people are those who were meant when somebody said yes: a filter may find others by now.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False, related_name="+")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    asked_at = models.DateTimeField(default=timezone.now)
    # Sessions that began later were not meant; nor was the one that this was asked from.
    started_by = models.DateTimeField()
    spared = models.UUIDField(null=True)
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)

    user_ids = models.BinaryField()  # 16 bytes each; empty when it is finished
    people = models.PositiveIntegerField()
    done = models.PositiveIntegerField(default=0)  # of these people, from the first on
    ended = models.PositiveIntegerField(default=0)  # sessions; others were over by themselves
    moved_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("log-out of many")
        verbose_name_plural = _("log-outs of many")
        indexes = [
            models.Index(
                fields=["tenant"], name="unfinished_ending", condition=Q(finished_at=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.done}/{self.people}"

    @property
    def percent(self) -> int:
        """Rounded down: 100 is when it is over."""
        return self.done * 100 // self.people

    @property
    def is_stalled(self) -> bool:
        """Nobody is at it: the sweeper's loop goes on with it."""
        return self.finished_at is None and timezone.now() - self.moved_at > STALLED_AFTER


def joined(ids: Iterable[UUID]) -> bytes:
    return b"".join(one.bytes for one in ids)


def split(ids: bytes) -> list[UUID]:
    return [UUID(bytes=ids[at : at + ID_BYTES]) for at in range(0, len(ids), ID_BYTES)]
