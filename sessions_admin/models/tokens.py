"""What programs hold: API keys, refresh tokens, and the keys that sign access tokens."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_admin.identifiers import uuid7
from sessions_admin.models.session import LABEL_LENGTH, Session
from tenants.fields import WordSetField
from tenants.models import Tenant
from tenants.permissions import PERMISSION_LABELS

HASH_BYTES = 32  # SHA-256


class ApiKey(models.Model):
    """A program's way into a tenant's API; the key itself is shown once and stored nowhere."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    tenant = models.ForeignKey(
        Tenant, models.CASCADE, related_name="api_keys", verbose_name=_("tenant")
    )
    name = models.CharField(_("name"), max_length=LABEL_LENGTH)
    key_hash = models.BinaryField(max_length=HASH_BYTES, unique=True, editable=False)
    hint = models.CharField(max_length=8, editable=False)  # its public part, to tell keys apart
    permissions = WordSetField(
        _("permissions"),
        default=frozenset,
        choices=[(str(permission), label) for permission, label in PERMISSION_LABELS.items()],
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(_("last used"), null=True)
    # The key that took its place; both work until this one expires.
    successor = models.OneToOneField("self", models.SET_NULL, null=True, related_name="predecessor")
    revoked_at = models.DateTimeField(_("revoked"), null=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        indexes = [models.Index(fields=["tenant", "id"], name="api_key_by_tenant")]

    def __str__(self) -> str:
        return self.name


class RefreshToken(models.Model):
    """A refresh token of an app session, current or spent (RFC 9700 §4.14).

    A spent one that comes again within the grace gets the successor it got before, which is sealed
    with the spent token's value; later, its session ends.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    session = models.ForeignKey(Session, models.CASCADE, related_name="refresh_tokens")
    token_hash = models.BinaryField(max_length=HASH_BYTES, unique=True, editable=False)
    issued_at = models.DateTimeField(default=timezone.now)
    spent_at = models.DateTimeField(null=True)
    successor = models.BinaryField(default=b"", editable=False)

    class Meta:
        verbose_name = _("refresh token")
        verbose_name_plural = _("refresh tokens")
        constraints = [
            models.UniqueConstraint(
                fields=["session"], name="one_current_refresh_token", condition=Q(spent_at=None)
            )
        ]

    def __str__(self) -> str:
        return str(self.id)


class SigningKey(models.Model):
    """A key that signs access tokens (ES256); the next one is published before it is used."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)  # the JWT's `kid`
    private_key = models.TextField(editable=False)  # PEM, sealed under SECRET_KEY
    public_key = models.JSONField(editable=False)  # JWK, RFC 7517
    created_at = models.DateTimeField(default=timezone.now)
    signs_from = models.DateTimeField(unique=True)  # of processes that make the same key, one wins
    signs_until = models.DateTimeField()
    published_until = models.DateTimeField()

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")

    def __str__(self) -> str:
        return str(self.id)
