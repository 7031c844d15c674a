"""Where you belong: tenants, memberships, and groups that carry permissions."""

import uuid

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.fields import WordSetField
from tenants.permissions import PERMISSION_LABELS, SECTION_LABELS, Section


def all_sections() -> frozenset[str]:
    return frozenset(Section)


class Tenant(models.Model):
    """A customer of the software: people, rules and sessions of its own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(_("short name"), unique=True)
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("A suspended tenant lets nobody in.")
    )
    sections = WordSetField(
        _("sections"),
        default=all_sections,
        blank=True,
        choices=[(str(section), label) for section, label in SECTION_LABELS.items()],
        help_text=_("The parts of the portal that this tenant has."),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("tenant")
        verbose_name_plural = _("tenants")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Group(models.Model):
    """Some members of a tenant and what they may do."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="groups")
    name = models.CharField(_("name"), max_length=60)
    permissions = WordSetField(
        _("permissions"),
        default=frozenset,
        blank=True,
        choices=[(str(permission), label) for permission, label in PERMISSION_LABELS.items()],
    )

    class Meta:
        verbose_name = _("group")
        verbose_name_plural = _("groups")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "name"], name="one_group_of_a_name_a_tenant")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.tenant})"


class Membership(models.Model):
    """A person in a tenant."""

    tenant = models.ForeignKey(Tenant, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="memberships")
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("A suspended membership keeps the person out of the tenant."),
    )
    groups = models.ManyToManyField(
        Group, verbose_name=_("groups"), related_name="memberships", blank=True
    )
    joined_at = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["tenant", "user"], name="one_membership_a_tenant")
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.tenant}"
