"""The form that makes an API key: its name, what it may do, and for how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from sessions_admin.models import LABEL_LENGTH
from sessions_admin.request.client import readable
from sessions_admin.tokens.api_keys import OVERLAP, KeyRefusedError, grantable
from tenants.access import Access
from tenants.permissions import PERMISSION_LABELS

LIFETIMES = {7: _("7 days"), 30: _("30 days"), 90: _("90 days"), 180: _("180 days"),
             366: _("1 year")}  # fmt: skip
USUAL_LIFETIME = 90  # days: a quarter, as often as access is reviewed
OVERLAPS = {0: _("At once"), 1: _("In 1 hour"), 24: _("In 24 hours"), 168: _("In 7 days")}
USUAL_OVERLAP = OVERLAP // timedelta(hours=1)

REFUSALS = {
    KeyRefusedError.Reason.NAME_TAKEN: _("A key of this name is in use. Choose another name."),
    KeyRefusedError.Reason.TOO_MANY: _("This tenant has as many keys as it may. Revoke one first."),
    KeyRefusedError.Reason.NOT_YOURS_TO_GIVE: _("It may do more than you: ask somebody who may."),
    KeyRefusedError.Reason.NOT_IN_USE: _("This key is no longer in use, or was rotated already."),
}


class ApiKeyForm(forms.Form):
    """What an API key is called, and a choice among what its maker may do."""

    name = forms.CharField(
        label=_("Name"),
        max_length=LABEL_LENGTH,
        help_text=_("Where it is used: “Nightly access review”."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    permissions = forms.MultipleChoiceField(
        label=_("It may"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Only what you may do yourself. Tick as little as it needs."),
    )
    lifetime = forms.TypedChoiceField(
        label=_("Expires after"),
        coerce=int,
        choices=list(LIFETIMES.items()),
        initial=USUAL_LIFETIME,
        help_text=_("Rotate it before: the old key and the new one then work side by side."),
    )

    def __init__(self, *args: Any, access: Access, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(scope), PERMISSION_LABELS[scope]) for scope in grantable(access)]
        self.fields["permissions"].choices = choices  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        name = " ".join(readable(self.cleaned_data["name"]).split())
        if not name:
            raise forms.ValidationError(_("Enter a name."))
        return name

    def lifetime_chosen(self) -> timedelta:
        return timedelta(days=self.cleaned_data["lifetime"])


class RotationForm(forms.Form):
    """How long the old key works on."""

    overlap = forms.TypedChoiceField(
        label=_("The old key stops"),
        coerce=int,
        empty_value=str(USUAL_OVERLAP),
        required=False,
        choices=list(OVERLAPS.items()),
        initial=USUAL_OVERLAP,
    )

    def overlap_chosen(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["overlap"]))
