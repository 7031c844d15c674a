"""Whatever changes a credential ends up as one signal: `credential_changed`."""

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth import logout
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.signals import credential_changed


@receiver([password_changed, password_set, authenticator_reset])
def own_credential_changed(*, request: HttpRequest, user: User, **_: Any) -> None:
    credential_changed.send(User, user=user, request=request, keep_others=user.keeps_other_sessions)


@receiver([authenticator_added, authenticator_removed])
def own_factor_changed(
    *, request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    # They come and go with the first and the last factor, which is announced by itself.
    if authenticator.type != Authenticator.Type.RECOVERY_CODES:
        own_credential_changed(request=request, user=user)


@receiver(password_reset)
def forgotten_password_reset(*, request: HttpRequest, user: User, **_: Any) -> None:
    """Nobody proved more than access to a mailbox: no session stays, not even this browser's."""
    credential_changed.send(User, user=user, request=None, keep_others=False)
    if request.user.is_authenticated:
        logout(request)
