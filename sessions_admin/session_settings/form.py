"""The form of the session settings: what a tenant may set, within the platform's bounds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from sessions_admin.lifecycle.policy_change import SETTINGS, Settings
from sessions_admin.models import PolicyBounds, SessionPolicy
from sessions_admin.session_settings import words as words
from sessions_admin.session_settings.words import UNITS, between, in_words, number_and_unit

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as Words

# A switch that is off keeps any number of minutes, hours or days up to this: a year of minutes.
# So many days are still a date that databases know.
LARGEST_NUMBER = 525_600
LARGEST_LIMIT = 100  # the column's own bound; the platform may set a lower one
SWITCHES = frozenset(name for name in SETTINGS if name.endswith("_enabled"))
OFF = frozenset({"", "0", "off", "false", "no"})
MINUTE, HOUR = UNITS["minutes"], UNITS["hours"]
# Long enough to look at one thing, short enough that nobody works as somebody else.
SHORTEST_SUPPORT, LONGEST_SUPPORT = timedelta(minutes=1), timedelta(minutes=60)


class Switch(forms.CheckboxInput):
    """A checkbox that is called a switch. What tools send for “off” means off."""

    def __init__(self) -> None:
        super().__init__({"role": "switch"})

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return str(data.get(name, "")).lower() not in OFF


def _switch(label: Words, help_text: Words) -> forms.BooleanField:
    return forms.BooleanField(label=label, help_text=help_text, required=False, widget=Switch)


def _number(label: Words) -> forms.IntegerField:
    # Not type=number: a browser throws away what is no number, and nothing typed may be lost.
    # Required by clean(), as only it knows whether the switch is on.
    return forms.IntegerField(
        label=label,
        required=False,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off", "size": 6}),
        error_messages={"invalid": _("Enter a whole number.")},
    )


def _unit(label: Words) -> forms.ChoiceField:
    choices = [("minutes", _("minutes")), ("hours", _("hours")), ("days", _("days"))]
    # The label on the screen is the number's.
    widget = forms.Select({"aria-label": label})
    return forms.ChoiceField(label=label, choices=choices, widget=widget)


class SettingsForm(forms.Form):
    """Session settings as people type them. The names of the fields are an interface.

    A field that is missing altogether, except a switch, keeps what is stored.
    """

    idle_timeout_enabled = _switch(
        words.IDLE_TIMEOUT, _("Log people out after a time without activity. Off: after 24 hours.")
    )
    idle_timeout_value = _number(words.IDLE_TIMEOUT)
    idle_timeout_unit = _unit(_("Unit of the idle session timeout"))
    absolute_timeout_enabled = _switch(
        words.ABSOLUTE_TIMEOUT,
        _("Ask for a new sign-in after a time, active or not. Off: people stay signed in."),
    )
    absolute_timeout_value = _number(words.ABSOLUTE_TIMEOUT)
    absolute_timeout_unit = _unit(_("Unit of Force re-login"))
    max_live_sessions_enabled = _switch(
        words.MAX_LIVE_SESSIONS,
        _("Limit how often a person can be signed in at once. Off: as often as they like."),
    )
    max_live_sessions = _number(words.MAX_LIVE_SESSIONS)
    at_limit = forms.ChoiceField(
        label=words.AT_LIMIT,
        choices=[(str(choice), label) for choice, label in words.AT_LIMIT_LABELS.items()],
        widget=forms.RadioSelect,
    )
    access_token_lifetime = _number(words.ACCESS_TOKENS)
    refresh_token_lifetime = _number(words.REFRESH_TOKENS)
    # Not a switch: a form of an older page, or a program, that does not know it keeps it.
    support_sessions = forms.ChoiceField(
        label=words.SUPPORT_SESSIONS,
        choices=[("on", _("Allowed, with a reason")), ("off", _("Forbidden"))],
        widget=forms.RadioSelect,
    )
    support_session_lifetime = _number(words.SUPPORT_LIFETIME)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, stored: SessionPolicy, bounds: PolicyBounds
    ) -> None:
        self.stored, self.bounds = stored, bounds
        initial = fields_of(stored)
        self.left_out = frozenset(initial) - frozenset(data or ())
        if data is not None:
            kept = {name: initial[name] for name in self.left_out - SWITCHES}
            data = kept | {name: data.get(name) for name in data}
        super().__init__(data, initial=initial)
        for name, allowed in self._allowed().items():
            self.fields[name].help_text = gettext("Platform allows %(range)s.") % {"range": allowed}

    def settings(self) -> Settings:
        """The values of a valid form, for lifecycle.change_policy."""
        return {name: self.cleaned_data[name] for name in SETTINGS}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self._clean_timeout("idle_timeout")
        self._clean_timeout("absolute_timeout")
        self._clean_limit()
        self._clean_duration("access_token_lifetime", "access_token_lifetime", MINUTE)
        self._clean_duration("refresh_token_lifetime", "refresh_token_lifetime", HOUR)
        self._clean_duration("support_session_lifetime", "support_session_lifetime", MINUTE)
        self.cleaned_data["support_sessions_enabled"] = cleaned.get("support_sessions") != "off"
        self._compare()
        return cleaned

    def _clean_timeout(self, name: str) -> None:
        unit = self.cleaned_data.get(f"{name}_unit")
        if unit is not None:
            is_on = self.cleaned_data[f"{name}_enabled"]
            self._clean_duration(name, f"{name}_value", UNITS[unit], is_on=is_on)

    def _clean_duration(
        self, name: str, field: str, unit: timedelta, *, is_on: bool = True
    ) -> None:
        """Number and unit become the setting, or an error at the field that people see."""
        least, most = self._bounds_of(name)
        refusal = gettext("Choose between %(least)s and %(most)s.") % {
            "least": in_words(least), "most": in_words(most),
        }  # fmt: skip
        number = self._number(field, LARGEST_NUMBER, refusal, is_on=is_on)
        duration = getattr(self.stored, name) if number is None else number * unit
        if number and is_on and not least <= duration <= most:
            self.add_error(field, refusal)
        self.cleaned_data[name] = duration

    def _clean_limit(self) -> None:
        is_on = self.cleaned_data["max_live_sessions_enabled"]
        most = self._largest_limit() if is_on else LARGEST_LIMIT
        refusal = gettext("Choose between 1 and %(most)d.") % {"most": most}
        number = self._number("max_live_sessions", most, refusal, is_on=is_on)
        self.cleaned_data["max_live_sessions"] = number or self.stored.max_live_sessions

    def _number(self, field: str, most: int, refusal: str, *, is_on: bool) -> int | None:
        """What was typed; None after an error, or when a switch that is off says nothing."""
        number: int | None = self.cleaned_data.get(field)
        if field in self.errors:
            return None
        if number is None:
            if is_on:
                self.add_error(field, gettext("Enter a number."))
            return None
        if 1 <= number <= most:
            return number
        self.add_error(field, refusal if is_on else gettext("Enter a number from 1 to %d.") % most)
        return None

    def _compare(self) -> None:
        """Nothing outlives what contains it: idle ≤ force re-login, access ≤ refresh ≤ force."""
        values = self.cleaned_data
        if values["absolute_timeout_enabled"]:
            if values["idle_timeout_enabled"]:
                self._hold_below("idle_timeout", "absolute_timeout")
            if "refresh_token_lifetime" in self.left_out and "absolute_timeout" in values:
                values["refresh_token_lifetime"] = min(
                    values["refresh_token_lifetime"], values["absolute_timeout"]
                )
            else:
                self._hold_below("refresh_token_lifetime", "absolute_timeout")
        self._hold_below("access_token_lifetime", "refresh_token_lifetime")

    def _hold_below(self, name: str, limit: str) -> None:
        """An error at the setting that is more than its limit, if both are possible as such."""
        field, limiting = FIELDS.get(name, name), FIELDS.get(limit, limit)
        value, most = self.cleaned_data.get(name), self.cleaned_data.get(limit)
        if value is None or most is None or self.errors.keys() & {field, limiting}:
            return
        if value > most:
            message = gettext("At most %(most)s, which is the setting of %(limit)s.")
            self.add_error(
                field, message % {"most": in_words(most), "limit": self.fields[limiting].label}
            )

    def _bounds_of(self, name: str) -> tuple[timedelta, timedelta]:
        if name == "support_session_lifetime":
            return SHORTEST_SUPPORT, LONGEST_SUPPORT
        return getattr(self.bounds, f"{name}_min"), getattr(self.bounds, f"{name}_max")

    def _largest_limit(self) -> int:
        return min(self.bounds.max_live_sessions_max, LARGEST_LIMIT)

    def _allowed(self) -> dict[str, str]:
        durations = {
            FIELDS.get(name, name): between(*self._bounds_of(name))
            for name in (
                "idle_timeout", "absolute_timeout",
                "access_token_lifetime", "refresh_token_lifetime", "support_session_lifetime",
            )
        }  # fmt: skip
        return durations | {"max_live_sessions": f"1 – {self._largest_limit()}"}


# Where a setting is typed under another name than its own.
FIELDS = {"idle_timeout": "idle_timeout_value", "absolute_timeout": "absolute_timeout_value"}


def fields_of(policy: SessionPolicy) -> dict[str, Any]:
    """The settings as the fields of the form have them."""
    fields: dict[str, Any] = {
        "max_live_sessions_enabled": policy.max_live_sessions_enabled,
        "max_live_sessions": policy.max_live_sessions,
        "at_limit": str(policy.at_limit),
        "access_token_lifetime": max(1, policy.access_token_lifetime // MINUTE),
        "refresh_token_lifetime": max(1, policy.refresh_token_lifetime // HOUR),
        "support_sessions": "on" if policy.support_sessions_enabled else "off",
        "support_session_lifetime": max(1, policy.support_session_lifetime // MINUTE),
    }
    for name in ("idle_timeout", "absolute_timeout"):
        number, unit = number_and_unit(getattr(policy, name))
        fields |= {
            f"{name}_enabled": getattr(policy, f"{name}_enabled"),
            f"{name}_value": number,
            f"{name}_unit": unit,
        }
    return fields
