"""Changes of a password or a factor: what allauth calls each, and what the person reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of change."""

    title: str | Promise
    text: str | Promise


# By the last part of the template's name by which allauth announces it, and one of our own.
CHANGES: dict[str, Change] = {
    "password_changed": Change(
        _("Your password was changed"), _("The password of your account was changed.")
    ),
    "password_set": Change(
        _("Your account has a password now"),
        _("A password was set for your account. Until now it had none."),
    ),
    "password_reset": Change(
        _("Your password was reset"),
        _("The password of your account was reset with a link from a mail to you. "
          "All your sessions were logged out."),
    ),
    "totp_activated": Change(
        _("An authenticator app was set up"),
        _("An authenticator app was set up for your account. "
          "From now on, signing in asks for a code from it."),
    ),
    "totp_deactivated": Change(
        _("The authenticator app was turned off"),
        _("The authenticator app of your account was turned off. "
          "Signing in asks for no code from it any more."),
    ),
    "webauthn_added": Change(
        _("A passkey was added"),
        _("A passkey or security key was added to your account. "
          "It can be used to sign in as you."),
    ),
    "webauthn_removed": Change(
        _("A passkey was removed"),
        _("A passkey or security key was removed from your account. "
          "It can no longer be used to sign in."),
    ),
    "recovery_codes_generated": Change(
        _("New recovery codes were made"),
        _("New recovery codes were made for your account. The old ones no longer work."),
    ),
    "factors_removed": Change(
        _("Your passkeys and authenticator app were removed"),
        _("The password alone signs you in until you set up new ones."),
    ),
}  # fmt: skip
OTHER = Change(_("Your account was changed"), _("How you sign in was changed."))


def change_of(data: Mapping[str, Any]) -> Change:
    """The change that a notice is about."""
    return CHANGES.get(data.get("change", ""), OTHER)
