"""A session, where it was seen, the devices of a person, and attempts to sign in."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_admin.fields import AccessFields
from sessions_admin.identifiers import uuid7
from sessions_admin.live import SessionQuerySet
from sessions_admin.vocabulary import EndReason, Kind, LoginOutcome
from tenants.fields import WordSetField
from tenants.models import Tenant

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
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="+",
        verbose_name=_("person"),
    )  # fmt: skip
    tenant = models.ForeignKey(
        Tenant, models.CASCADE, null=True, db_index=False, related_name="sessions",
        verbose_name=_("tenant"),
    )  # fmt: skip
    kind = models.CharField(
        _("kind"), max_length=8, default=Kind.BROWSER, choices=[(k, k) for k in Kind]
    )

    started_at = models.DateTimeField(_("started"), default=timezone.now)
    authenticated_at = models.DateTimeField(_("signed in"), default=timezone.now)
    # Never index it: without an index PostgreSQL moves it by a HOT update.
    last_seen_at = models.DateTimeField(_("last active"), default=timezone.now)
    ended_at = models.DateTimeField(_("ended"), null=True)
    expires_at = models.DateTimeField(null=True)  # an explicit cap: Django's set_expiry()

    persistent = models.BooleanField(
        _("remembered"), default=False
    )  # Remember me: outlives the browser
    amr = models.CharField(max_length=40, blank=True)  # RFC 8176 values, separated by blanks
    aal = models.PositiveSmallIntegerField(default=0)  # NIST SP 800-63B level; 0: anonymous
    label = models.CharField(_("name"), max_length=LABEL_LENGTH, blank=True)
    known_device = models.ForeignKey(
        "KnownDevice", models.SET_NULL, null=True, db_index=False, related_name="sessions"
    )
    novelty = WordSetField(default=frozenset, blank=True)  # what was new at sign-in: Novelty
    # Since when the person must prove themselves again before anything else.
    suspected_at = models.DateTimeField(null=True)

    # A support session acts for `user` and ends with the session that it was made from, and with
    # the one in which somebody asked for it.
    made_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, db_index=False, related_name="made"
    )
    asked_in = models.ForeignKey(
        "self", models.SET_NULL, null=True, db_index=False, related_name="asked"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    ask_reason = models.CharField(max_length=NOTE_LENGTH, blank=True)
    read_only = models.BooleanField(default=False)

    end_reason = models.CharField(
        _("reason"), max_length=24, blank=True, choices=[(r, r) for r in EndReason]
    )
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="+",
        verbose_name=_("ended by"),
    )  # fmt: skip
    end_note = models.CharField(_("note"), max_length=NOTE_LENGTH, blank=True)
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
            # The countries that there are: one look each.
            models.Index(
                fields=["tenant", "country_code", "country"],
                name="live_by_country",
                condition=Q(ended_at=None),
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
            models.Index(
                fields=["made_from"],
                name="live_by_origin",
                condition=Q(ended_at=None, made_from__isnull=False),
            ),
            models.Index(
                fields=["asked_in"],
                name="live_by_asker",
                condition=Q(ended_at=None, asked_in__isnull=False),
            ),
            models.Index(
                fields=["known_device"],
                name="session_by_device",
                condition=Q(known_device__isnull=False),
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


class KnownDevice(AccessFields):
    """A browser in which a person has signed in before; known by its device cookie, which is no
    credential. The access fields tell of its last sign-in."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_index=False, related_name="known_devices"
    )
    browser_hash = models.BinaryField(max_length=32, editable=False)  # of what the cookie names
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("known device")
        verbose_name_plural = _("known devices")
        constraints = [
            models.UniqueConstraint(fields=["user", "browser_hash"], name="one_device_a_browser")
        ]

    def __str__(self) -> str:
        return self.device


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
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, db_index=False, related_name="+",
        verbose_name=_("person"),
    )  # fmt: skip
    tenant = models.ForeignKey(
        Tenant, models.CASCADE, null=True, related_name="+", verbose_name=_("tenant")
    )
    session = models.ForeignKey(Session, models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(_("outcome"), max_length=10, choices=[(o, o) for o in LoginOutcome])
    amr = models.CharField(_("method"), max_length=40, blank=True)
    novelty = WordSetField(default=frozenset, blank=True)  # what was new: Novelty

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
