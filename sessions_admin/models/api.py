"""What the API remembers between calls."""

from django.db import models
from django.utils import timezone

from sessions_admin.identifiers import uuid7
from sessions_admin.models.tokens import HASH_BYTES
from tenants.models import Tenant

CALLER_LENGTH = 80  # “user:<id>”, “session:<id>@<tenant>”, “key:<id>”


class IdempotentCall(models.Model):
    """The answer to an API call with an Idempotency-Key, given again when the call is repeated."""

    caller = models.CharField(max_length=CALLER_LENGTH)
    key = models.CharField(max_length=128)
    request_hash = models.BinaryField(max_length=HASH_BYTES)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    status = models.PositiveSmallIntegerField(null=True)  # None: the first call is still at work
    body = models.JSONField(null=True)  # its text: what is said again is the same to the byte

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["caller", "key"], name="one_call_a_key"),
        ]

    def __str__(self) -> str:
        return self.key


class ApiUsage(models.Model):
    """How often a caller has called in a period: one row a caller, moved by one statement."""

    caller = models.CharField(primary_key=True, max_length=CALLER_LENGTH)
    period = models.BigIntegerField()  # periods since 1970
    calls = models.PositiveIntegerField()

    def __str__(self) -> str:
        return self.caller


class EndingPreview(models.Model):
    """The sessions that a caller was told a query would end: no others will be."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(Tenant, models.CASCADE, db_index=False, related_name="+")
    caller = models.CharField(max_length=CALLER_LENGTH, db_index=True)
    query = models.JSONField()
    at = models.DateTimeField(default=timezone.now, db_index=True)
    session_ids = models.BinaryField()  # 16 bytes each, in ascending order

    def __str__(self) -> str:
        return str(self.id)
