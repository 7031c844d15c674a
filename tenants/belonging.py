"""Who belongs where: new tenants, joining, suspending, leaving."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from tenants.models import Group, Membership, Tenant
from tenants.permissions import DEFAULT_GROUPS
from tenants.signals import membership_removed, tenant_suspended


def create_default_groups(tenant: Tenant) -> dict[str, Group]:
    """The four groups that each tenant starts with, by name."""
    groups = [
        Group(tenant=tenant, name=name, permissions=permissions)
        for name, permissions in DEFAULT_GROUPS.items()
    ]
    Group.objects.bulk_create(groups, ignore_conflicts=True)
    return {group.name: group for group in tenant.groups.all()}


def create_tenant(name: str, slug: str) -> Tenant:
    """A tenant with its default groups."""
    with transaction.atomic():
        tenant = Tenant.objects.create(name=name, slug=slug)
        create_default_groups(tenant)
    return tenant


def join(user: User, tenant: Tenant, *groups: str) -> Membership:
    """Makes the person a member of the tenant, in the groups of these names."""
    with transaction.atomic():
        membership, _ = Membership.objects.get_or_create(user=user, tenant=tenant)
        membership.groups.set(tenant.groups.filter(name__in=groups))
    return membership


def suspend_membership(membership: Membership, *, actor: User | None, note: str = "") -> bool:
    """Shuts the person out of the tenant, at once; False when they already were."""
    with transaction.atomic():
        changed = Membership.objects.filter(pk=membership.pk, is_active=True).update(
            is_active=False
        )
        if changed:
            membership_removed.send(Membership, membership=membership, actor=actor, note=note)
    return bool(changed)


def remove_membership(membership: Membership, *, actor: User | None, note: str = "") -> None:
    """Takes the person out of the tenant for good, at once."""
    with transaction.atomic():
        membership_removed.send(Membership, membership=membership, actor=actor, note=note)
        membership.delete()


def suspend_tenant(tenant: Tenant, *, actor: User | None, note: str = "") -> bool:
    """Shuts everybody out of the tenant, at once; False when it already was."""
    with transaction.atomic():
        changed = Tenant.objects.filter(pk=tenant.pk, is_active=True).update(is_active=False)
        if changed:
            tenant_suspended.send(Tenant, tenant=tenant, actor=actor, note=note)
    return bool(changed)


def memberships_of(user: User) -> list[Membership]:
    """The memberships that the person can use, by the tenants' names."""
    return list(
        Membership.objects.select_related("tenant")
        .filter(user=user, is_active=True, tenant__is_active=True)
        .order_by("tenant__name")
    )


class TenantRefusedError(Exception):
    """The tenant does not take this session; the text tells the person what to do."""


def move_to(request: HttpRequest, tenant: Tenant) -> None:
    """Moves the request's session to the tenant. TenantRefusedError when its rules forbid it."""
    session: Any = request.session
    session.enter(request.user, tenant)
