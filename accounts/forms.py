"""The forms of sign-in, credentials and the profile."""

import unicodedata
import zoneinfo
from functools import cache
from itertools import groupby
from typing import Any

from allauth.account import forms as account_forms
from allauth.account.internal.flows.login import perform_password_login
from allauth.core import context
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.recovery_codes import forms as recovery_codes_forms
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as webauthn_forms
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import User, validate_time_zone
from accounts.step_up import ADMINISTRATIVE, is_proved


class LoginForm(account_forms.LoginForm):
    """E-mail and password; *Remember me* lets the session outlive the browser."""

    remember = forms.BooleanField(label=_("Remember me on this device"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _without_placeholders(self)
        self.fields["login"].label = _("E-mail address")
        # "username" is what password managers and passkeys look for on a sign-in form.
        self.fields["login"].widget.attrs |= {"autocomplete": "username", "autofocus": True}
        self.fields["password"].help_text = ""  # the page has its own link to the reset

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        # Instead of set_expiry: no deadline of a session is decided by its cookie. Set before the
        # second factor, if there is one, so that the choice outlasts that page.
        request.session.persistent = self.cleaned_data["remember"]  # type: ignore[attr-defined]
        self._login.redirect_url = redirect_url
        response: HttpResponse = perform_password_login(
            request, self.user_credentials(), self._login
        )
        return response


class EndsOtherSessions(forms.Form):
    """A change of credential that asks whether the other sessions shall end, as they should."""

    user: User
    end_other_sessions = forms.BooleanField(
        label=_("Log out my other sessions"), initial=True, required=False
    )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        # Read by User.set_password and by accounts.credentials.
        self.user.keeps_other_sessions = not cleaned.get("end_other_sessions", True)
        return cleaned


class ChangePasswordForm(EndsOtherSessions, account_forms.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _without_placeholders(self)
        self.fields["oldpassword"].label = _("Current password")
        self.fields["oldpassword"].widget.attrs["autofocus"] = True
        self.fields["password1"].label = _("New password")
        self.fields["password2"].label = _("New password again")


class ResetPasswordForm(account_forms.ResetPasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _without_placeholders(self)
        self.fields["email"].label = _("E-mail address")


class SetPasswordForm(EndsOtherSessions, account_forms.SetPasswordForm):
    """The first password of a person who signs in with passkeys only."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _without_placeholders(self)

    def clean(self) -> dict[str, Any]:
        # There is no old password to ask for, and allauth asks for nothing.
        if not is_proved(context.request, ADMINISTRATIVE):
            raise ReauthenticationRequired
        return super().clean()


class ActivateTOTPForm(EndsOtherSessions, totp_forms.ActivateTOTPForm):
    pass


class DeactivateTOTPForm(EndsOtherSessions, totp_forms.DeactivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # allauth binds the form on GET too, to nothing, which would show the box unticked.
        if context.request.method != "POST":
            kwargs["data"] = {"end_other_sessions": "on"}
        super().__init__(*args, **kwargs)
        self.user = context.request.user


class AddWebAuthnForm(EndsOtherSessions, webauthn_forms.AddWebAuthnForm):
    """A passkey unless the person wants the key as a second factor only."""

    passwordless = forms.BooleanField(
        label=_("Sign in without a password"),
        help_text=_("The key then asks for your fingerprint, your face or its PIN."),
        initial=True,
        required=False,
    )


class GenerateRecoveryCodesForm(EndsOtherSessions, recovery_codes_forms.GenerateRecoveryCodesForm):
    pass


class ProfileForm(forms.ModelForm[User]):
    """How the portal speaks to the person."""

    time_zone = forms.ChoiceField(label=_("Time zone"), validators=[validate_time_zone])
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)

    class Meta:
        model = User
        fields = ("display_name", "time_zone", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["display_name"].widget.attrs["autocomplete"] = "name"
        self.fields["time_zone"].choices = _time_zone_choices(self.instance.time_zone)  # type: ignore[attr-defined]

    def clean_display_name(self) -> str:
        return "".join(filter(_is_visible, self.cleaned_data["display_name"])).strip()

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002  Django's signature
        """Saves these fields alone: an old form must not undo what an operator changed."""
        if commit:
            self.instance.save(update_fields=self.Meta.fields)
        return self.instance


# They make a name look like another one, or turn the text after it around.
BIDIRECTIONAL_CONTROLS = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e"
                                   "\u2066\u2067\u2068\u2069")  # fmt: skip


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) != "Cc" and character not in BIDIRECTIONAL_CONTROLS


def _time_zone_choices(current: str) -> list[tuple[str, Any]]:
    """UTC, the present choice if it is an odd one, and the cities by continent."""
    single = ["UTC"] + [current] * (current not in _cities() and current != "UTC")
    regions = groupby(_cities(), key=lambda name: name.split("/")[0])
    return [(name, name) for name in single] + [
        (region, [(name, _city_label(name)) for name in names]) for region, names in regions
    ]


# Names such as US/Eastern or Etc/GMT+5 are old aliases or easily misread.
UNHELPFUL_REGIONS = frozenset({"Etc", "SystemV", "US", "Brazil", "Canada", "Chile", "Mexico"})


@cache
def _cities() -> tuple[str, ...]:
    names = (name for name in zoneinfo.available_timezones() if "/" in name)
    return tuple(sorted(name for name in names if name.split("/")[0] not in UNHELPFUL_REGIONS))


def _city_label(name: str) -> str:
    return name.partition("/")[2].replace("_", " ").replace("/", " – ")


def _without_placeholders(form: forms.Form) -> None:
    """A placeholder that repeats the label is noise, and gone when one types."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)
