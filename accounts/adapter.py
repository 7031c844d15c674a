"""How allauth behaves here: no sign-up, sealed factors, mails in the reader's words."""

import logging
import secrets
from base64 import b32encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.mail import send_mail
from accounts.models import User
from accounts.sealing import seal, unseal
from accounts.step_up import ADMINISTRATIVE, is_proved

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """Sign-in by e-mail and password.

    A disabled person is told so only after the right password; everybody else who fails gets the
    one answer that says nothing about the address.
    """

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _("The e-mail address or the password is wrong."),
        "too_many_login_attempts": _("Too many failed attempts. Wait a few minutes and try again."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_password": _("The password is wrong."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Operators create people."""
        return False

    def set_password(self, user: User, password: str) -> None:
        """Saves the password alone: a form opened earlier must not enable a disabled person."""
        user.set_password(password)
        user.save(update_fields=["password", "credential_version"])

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("profile")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """A sign-in of just now is as good as a step-up."""
        required = super().is_reauthentication_required(app=app, **kwargs)
        return required and not is_proved(self.request, ADMINISTRATIVE)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Below PUBLIC_URL like every link in a mail: who asks for it chooses what Host says."""
        path: str = urlsplit(super().get_reset_password_from_key_url(key)).path
        return settings.PUBLIC_URL + path

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Writes in the language and time zone of the person, if the address is somebody's."""
        with _words_of(context.get("user")):
            message = self.render_mail(template_prefix, email, {"email": email, **context})
        send_mail(email, str(message.subject), str(message.body))


@contextmanager
def _words_of(user: User | None) -> Iterator[None]:
    if user is None:
        yield
        return
    with translation.override(user.language), timezone.override(user.time_zone):
        yield


class MFAAdapter(DefaultMFAAdapter):
    """Two-factor sign-in: what could be used to sign in is sealed in the database."""

    def encrypt(self, text: str) -> str:
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """The secret; one that no code fits when the key that sealed it is gone (fails closed)."""
        try:
            return unseal(encrypted_text)
        except InvalidToken:
            logger.error("A second factor was sealed with a SECRET_KEY that is gone.")
            return b32encode(secrets.token_bytes(20)).decode()

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey") if number == 1 else gettext("Passkey %d") % number

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": "Latchkey"}
