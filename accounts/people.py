"""Disabling and enabling a person."""

from django.db import transaction

from accounts.models import User
from accounts.signals import user_disabled


def disable_user(user: User, *, actor: User | None, note: str = "") -> bool:
    """Shuts the person out and ends their sessions, at once; False when they already were."""
    with transaction.atomic():
        changed = User.objects.filter(pk=user.pk, is_active=True).update(is_active=False)
        if changed:
            user.is_active = False
            user_disabled.send(User, user=user, actor=actor, note=note)
    return bool(changed)


def enable_user(user: User) -> bool:
    """Lets the person sign in again; ended sessions stay ended."""
    user.is_active = True
    return bool(User.objects.filter(pk=user.pk, is_active=False).update(is_active=True))
