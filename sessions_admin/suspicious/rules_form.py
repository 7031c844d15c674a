"""The form of the risk rules: what each detector leads to, and what never counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from sessions_admin.models import RiskRules
from sessions_admin.risk.rules import INTRUSIVE, STRENGTH, Rules
from sessions_admin.session_settings.form import Switch
from sessions_admin.suspicious.words import DETECTORS, responses_to
from sessions_admin.vocabulary import Detector

HOUR = timedelta(hours=1)
LONGEST_COOL_DOWN = 30 * 24  # hours: beyond a month nobody remembers the first time
SLOWEST, FASTEST = 200, 10_000  # km/h, as the column's validators
LONGEST_TEXT = 20_000  # characters: the most lines with a comment each
SWITCHES = frozenset({"report_only"})
LISTS = ("trusted_networks", "shared_addresses")


def _number(label: Any, help_text: Any, least: int, most: int) -> forms.IntegerField:
    # Not type=number: a browser throws away what is no number, and nothing typed may be lost.
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        min_value=least,
        max_value=most,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off", "size": 6}),
        error_messages={"invalid": _("Enter a whole number.")},
    )


def _lines(label: Any, help_text: Any) -> forms.CharField:
    widget = forms.Textarea(
        {"rows": 4, "spellcheck": "false", "autocapitalize": "off", "class": "mono"}
    )
    return forms.CharField(
        label=label, help_text=help_text, required=False, max_length=LONGEST_TEXT, widget=widget
    )


class Rule(NamedTuple):
    """A detector and what follows, in words."""

    name: Any
    sentence: Any
    response: Any


class RulesForm(forms.Form):
    """Risk rules as people type them; the names of the fields are those of RiskRules.

    A field that is missing altogether, except the switch, keeps what is stored.
    """

    report_only = forms.BooleanField(
        label=_("Report only"),
        required=False,
        widget=Switch,
        help_text=_(
            "While this is on, nobody is logged out or asked for anything: findings say what would "
            "have happened. Switch it off once they are right."
        ),
    )
    top_speed_kmh = _number(
        _("Top speed"),
        _("Whoever seems to travel faster did not travel. Airliners fly at 900 km/h."),
        SLOWEST,
        FASTEST,
    )
    cool_down = _number(
        _("Cool-down"),
        _("Nobody is told or asked twice about the same thing within this time."),
        0,
        LONGEST_COOL_DOWN,
    )
    trusted_networks = _lines(
        _("Trusted networks"),
        _(
            "Your VPN, your offices, a mobile provider. What comes from there is never suspicious. "
            "A network (192.0.2.0/24) or an AS number (AS64500) a line; # begins a remark."
        ),
    )
    shared_addresses = _lines(
        _("Shared addresses"),
        _(
            "Addresses that say nothing about where somebody is, such as a provider's gateway for "
            "many people. A network (192.0.2.0/24) a line."
        ),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, stored: RiskRules) -> None:
        self.stored = stored
        initial = fields_of(stored)
        if data is not None:
            kept = {name: initial[name] for name in frozenset(initial) - SWITCHES}
            data = kept | {name: data.get(name) for name in data}
        super().__init__(data, initial=initial)
        for detector in Detector:
            self.fields[detector] = _response(detector)

    def detectors(self) -> list[forms.BoundField]:
        """The fields of the detectors, in the order of the screen."""
        return [self[detector] for detector in Detector]

    def rules(self) -> dict[str, Any]:
        """The values of a valid form, for lifecycle.change_risk_rules."""
        return {**self.cleaned_data, "cool_down": self.cleaned_data["cool_down"] * HOUR}

    def as_rules(self) -> Rules:
        """A valid form as the detectors have it."""
        return RiskRules(**self.rules()).rules()

    def is_sharper(self) -> bool:
        """Whether somebody would be asked or logged out who is not now."""
        return any(
            new > old for old, new in zip(*map(_force, self._before_and_after()), strict=True)
        )

    def in_words(self) -> list[Rule]:
        """What is stored, for those who only read."""
        return [
            Rule(told.name, told.sentence, responses_to(detector)[getattr(self.stored, detector)])
            for detector, told in DETECTORS.items()
        ]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        lists = {name: cleaned[name] for name in LISTS if name in cleaned}
        try:
            RiskRules(**lists).clean()
        except ValidationError as error:
            self.add_error(None, error)
        return cleaned

    def _before_and_after(self) -> tuple[Rules, Rules]:
        return self.stored.rules(), self.as_rules()


def fields_of(rules: RiskRules) -> dict[str, Any]:
    """The rules as the fields of the form have them."""
    return {
        **{str(detector): str(getattr(rules, detector)) for detector in Detector},
        "report_only": rules.report_only,
        "top_speed_kmh": rules.top_speed_kmh,
        "cool_down": rules.cool_down // HOUR,
        "trusted_networks": rules.trusted_networks,
        "shared_addresses": rules.shared_addresses,
    }


def _response(detector: Detector) -> forms.ChoiceField:
    told = DETECTORS[detector]
    return forms.ChoiceField(
        label=told.name,
        help_text=told.sentence,
        choices=[(str(response), label) for response, label in responses_to(detector).items()],
    )


def _force(rules: Rules) -> list[int]:
    """How strongly each detector acts; 0 while it only records or tells."""
    responses = [rules.response(detector) for detector in Detector]
    return [
        STRENGTH[one] if one in INTRUSIVE and not rules.holds_back(one) else 0 for one in responses
    ]
