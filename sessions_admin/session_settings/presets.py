"""Values that are often chosen, one click away; only those that the platform allows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext

from sessions_admin.models import PolicyBounds
from sessions_admin.session_settings.form import SettingsForm
from sessions_admin.session_settings.words import UNITS, in_short, in_words, number_and_unit

MINUTE, HOUR, DAY = UNITS["minutes"], UNITS["hours"], UNITS["days"]
TIMEOUTS = {
    "idle_timeout": (15 * MINUTE, 30 * MINUTE, HOUR, 8 * HOUR),
    "absolute_timeout": (12 * HOUR, 24 * HOUR, 7 * DAY, 14 * DAY, 30 * DAY),
}
LIMITS = (1, 3, 5, 10)
# NIST SP 800-63B-4 §2: a new sign-in after, and after so long without activity.
ASSURANCE = {"AAL2": (24 * HOUR, HOUR), "AAL3": (12 * HOUR, 15 * MINUTE)}


@dataclass(frozen=True, slots=True)
class Preset:
    """What a button writes into the form; `title` is its name where the label is short."""

    group: str
    key: str
    label: str
    title: str
    fields: dict[str, str]

    @property
    def as_json(self) -> str:
        return json.dumps(self.fields)


@dataclass(frozen=True, slots=True)
class Button:
    """A preset beside a form, pressed when the form says the same."""

    preset: Preset
    pressed: bool


def buttons_of(form: SettingsForm) -> dict[str, list[Button]]:
    """The presets by the setting they are for; `assurance` sets several."""
    groups: dict[str, list[Button]] = {}
    for preset in _presets(form.bounds):
        pressed = all(_says(form, *field) for field in preset.fields.items())
        groups.setdefault(preset.group, []).append(Button(preset, pressed))
    return groups


def with_preset(data: Mapping[str, Any], bounds: PolicyBounds) -> dict[str, Any]:
    """What was typed, with the preset that `preset` names written over it (if there is one)."""
    typed = {name: data.get(name) for name in data}
    for preset in _presets(bounds):
        if preset.key == typed.get("preset"):
            return _fit(typed | preset.fields)
    return typed


def _presets(bounds: PolicyBounds) -> Iterator[Preset]:
    for name, durations in TIMEOUTS.items():
        for duration in durations:
            if _allows(bounds, name, duration):
                label = in_short(duration)
                yield Preset(
                    name, f"{name}={label}", label, in_words(duration), _timeout(name, duration)
                )
    for limit in LIMITS:
        if limit <= bounds.max_live_sessions_max:
            fields = {"max_live_sessions_enabled": "on", "max_live_sessions": str(limit)}
            yield Preset("max_live_sessions", f"max_live_sessions={limit}", str(limit), "", fields)
    for level, (absolute, idle) in ASSURANCE.items():
        if _allows(bounds, "absolute_timeout", absolute) and _allows(bounds, "idle_timeout", idle):
            label = gettext("%(level)s: %(absolute)s, %(idle)s idle") % {
                "level": level, "absolute": in_short(absolute), "idle": in_short(idle),
            }  # fmt: skip
            fields = _timeout("idle_timeout", idle) | _timeout("absolute_timeout", absolute)
            yield Preset("assurance", level.lower(), label, "", fields)


def _allows(bounds: PolicyBounds, name: str, duration: timedelta) -> bool:
    least, most = getattr(bounds, f"{name}_min"), getattr(bounds, f"{name}_max")
    return bool(least <= duration <= most)


def _timeout(name: str, duration: timedelta) -> dict[str, str]:
    number, unit = number_and_unit(duration)
    return {f"{name}_enabled": "on", f"{name}_value": str(number), f"{name}_unit": unit}


def _says(form: SettingsForm, name: str, value: str) -> bool:
    present = form[name].value()
    return bool(present) if value == "on" else str(present) == value


def _fit(typed: dict[str, Any]) -> dict[str, Any]:
    """Force re-login shortens the refresh tokens with it (static/js/session-settings.js: too)."""
    with suppress(KeyError, ValueError, TypeError):
        most = int(typed["absolute_timeout_value"]) * UNITS[typed["absolute_timeout_unit"]] // HOUR
        if typed.get("absolute_timeout_enabled") and int(typed["refresh_token_lifetime"]) > most:
            typed["refresh_token_lifetime"] = str(most)
    return typed
