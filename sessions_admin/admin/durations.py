"""A length of time as people write it: a number and its unit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sessions_admin.session_settings.words import UNITS, number_and_unit

LARGEST_NUMBER = 525_600  # a year of minutes


class DurationWidget(forms.MultiWidget):
    def __init__(self, label: Any = "") -> None:
        units = [("minutes", _("minutes")), ("hours", _("hours")), ("days", _("days"))]
        number = forms.TextInput({"inputmode": "numeric", "size": 6, "aria-label": label})
        super().__init__([number, forms.Select({"aria-label": _("Unit")}, units)])

    def decompress(self, value: Any) -> list[Any]:
        return list(number_and_unit(value)) if isinstance(value, timedelta) else [None, None]


class DurationField(forms.MultiValueField):
    """A timedelta of whole minutes."""

    def __init__(self, *, label: Any = "", **kwargs: Any) -> None:
        number = forms.IntegerField(
            min_value=1, max_value=LARGEST_NUMBER,
            error_messages={"invalid": _("Enter a whole number.")},
        )  # fmt: skip
        unit = forms.ChoiceField(choices=[(unit, unit) for unit in UNITS])
        kwargs["widget"] = DurationWidget(label)
        super().__init__((number, unit), label=label, **kwargs)

    def compress(self, data_list: list[Any]) -> timedelta | None:
        if not data_list:
            return None
        number, unit = data_list
        return int(number) * UNITS[unit]
