"""What an administrator of a tenant may do to its people, and disabling and enabling them.

One tenant never decides for another: who belongs to this one alone is disabled as a person and
cannot sign in any more; who also belongs elsewhere, and every operator, is shut out of this tenant
only. Either way the membership is suspended: that is the tenant's own mark, so an administrator
can undo what the tenant did, and not what an operator did.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from accounts.people import disable_user, enable_user
from sessions_admin import audit
from sessions_admin.lifecycle.birth import lock_user
from sessions_admin.vocabulary import AuditAction
from tenants.belonging import suspend_membership
from tenants.models import Membership
from tenants.permissions import PERMISSION_LABELS, Permission

if TYPE_CHECKING:
    from accounts.models import User
    from tenants.access import Access


def refusal_to_end(access: Access) -> str:
    """Why the actor may not log people out, in words; empty when they may."""
    return _missing(access, Permission.SESSIONS_END)


def refusal_to_disable(access: Access, actor: User, membership: Membership) -> str:
    """Why the actor may neither disable nor enable this person; the groups should be prefetched.

    Nobody disables themselves, and those who hand out permissions are beyond those who hold some:
    so a tenant always keeps somebody who can undo it.
    """
    if missing := _missing(access, Permission.USERS_DISABLE):
        return missing
    if membership.user_id == actor.pk:
        return _("You cannot disable yourself")
    groups = membership.groups.all()
    if access.may(Permission.GROUPS_EDIT) or not any(
        Permission.GROUPS_EDIT in group.permissions for group in groups
    ):
        return ""
    return _("They may edit groups; only somebody who may, too, can disable them")


def belongs_elsewhere() -> Exists:
    """Annotate memberships with it, by its name, for `is_only_here`."""
    others = Membership.objects.filter(user=OuterRef("user")).exclude(pk=OuterRef("pk"))
    return Exists(others)


def is_only_here(membership: Any) -> bool:
    """Whether the tenant may decide for the person as a whole."""
    return not (membership.user.is_operator or membership.belongs_elsewhere)


def disable_member(membership: Membership, *, actor: User, note: str = "") -> bool:
    """Shuts the person out and ends their sessions here, at once; False when they already were."""
    with transaction.atomic():
        lock_user(membership.user)
        member = _reread(membership)
        everywhere = is_only_here(member) and disable_user(member.user, actor=actor, note=note)
        suspended = suspend_membership(member, actor=actor, note=note)
        if suspended and not everywhere:
            _record(AuditAction.USER_DISABLED, member, actor, note)
    return everywhere or suspended


def enable_member(membership: Membership, *, actor: User) -> bool:
    """Lets the person in again; False when the tenant had not shut them out."""
    with transaction.atomic():
        lock_user(membership.user)
        suspended = Membership.objects.filter(pk=membership.pk, is_active=False)
        if not suspended.update(is_active=True):
            return False
        member = _reread(membership)
        if is_only_here(member):
            enable_user(member.user)
        _record(AuditAction.USER_ENABLED, member, actor)
    return True


def _reread(membership: Membership) -> Membership:
    """As it is behind the lock."""
    members = Membership.objects.select_related("user")
    return members.annotate(belongs_elsewhere=belongs_elsewhere()).get(pk=membership.pk)


def _missing(access: Access, permission: Permission) -> str:
    if access.may(permission):
        return ""
    return _("Needs the permission “%s”") % PERMISSION_LABELS[permission]


def _record(action: AuditAction, membership: Membership, actor: User, note: str = "") -> None:
    audit.record(
        action, actor_id=actor.pk, tenant_id=membership.tenant_id, user_id=membership.user_id,
        note=note,
    )  # fmt: skip
