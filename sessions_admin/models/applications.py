"""Applications behind a proxy that asks us who may pass."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_admin.identifiers import uuid7
from sessions_admin.models.session import LABEL_LENGTH, Session
from tenants.models import Group, Tenant


class Application(models.Model):
    """A host behind the proxy, and whom it lets in. Operators keep these."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(_("name"), max_length=LABEL_LENGTH)
    # Lower case, with the port unless it is the scheme's own: what the browser's Origin says.
    host = models.CharField(_("host"), max_length=255, unique=True)
    tenants = models.ManyToManyField(
        Tenant,
        verbose_name=_("tenants"),
        related_name="applications",
        blank=True,
        help_text=_("Whose people may enter. None: nobody."),
    )
    groups = models.ManyToManyField(
        Group,
        verbose_name=_("groups"),
        related_name="applications",
        blank=True,
        help_text=_("Only these groups of the tenants. None: every member."),
    )
    minimum_aal = models.PositiveSmallIntegerField(
        _("minimum assurance"), default=1, choices=[(1, _("one factor")), (2, _("two factors"))]
    )
    public_paths = models.TextField(
        _("public paths"),
        blank=True,
        help_text=_("One a line, open to all: “/health” alone, “/assets/” with all below it."),
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("An inactive application lets nobody in.")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ApplicationPass(models.Model):
    """A session's cookie on an application's own host: worth nothing elsewhere, dead with it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    key_hash = models.BinaryField(max_length=32, unique=True, editable=False)
    session = models.ForeignKey(Session, models.CASCADE, related_name="passes")
    application = models.ForeignKey(Application, models.CASCADE, related_name="passes")
    # credential.mark_of() the person at that time: a changed credential or SECRET_KEY ends the
    # pass even if nobody has ended the session.
    mark = models.BinaryField(max_length=32, editable=False)
    created_at = models.DateTimeField(default=timezone.now)
    # A pass begins as a one-time code in a URL and is exchanged for the cookie.
    code_expires_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("application pass")
        verbose_name_plural = _("application passes")

    def __str__(self) -> str:
        return str(self.id)
