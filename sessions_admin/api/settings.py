"""/settings/sessions: the session settings of the tenant; read, tried out, changed."""

import json
from hashlib import sha256
from typing import Any, Literal

from django import forms
from django.db import transaction
from django.http import HttpResponse
from ninja import Router, Schema
from pydantic import create_model

from accounts.step_up import ADMINISTRATIVE
from sessions_admin.api.callers import ApiRequest
from sessions_admin.api.gate import needs, tenant_of
from sessions_admin.api.problems import INVALID, PRECONDITION_FAILED, ProblemError
from sessions_admin.api.shapes import Strict
from sessions_admin.lifecycle import change_policy
from sessions_admin.lifecycle.policy_change import locked_policy
from sessions_admin.models import PolicyBounds, SessionPolicy
from sessions_admin.request.presence import note_presence
from sessions_admin.session_settings.form import SettingsForm, fields_of
from sessions_admin.session_settings.impact import impact_of
from sessions_admin.vocabulary import EndReason
from tenants.permissions import Permission, Section

router = Router(tags=["Session settings"])
SEES = (Permission.SESSION_SETTINGS_VIEW,)
EDITS = (Permission.SESSION_SETTINGS_VIEW, Permission.SESSION_SETTINGS_EDIT)


def _type_of(field: forms.Field) -> Any:
    """The JSON type of a field of the page's form: there is one definition of the settings."""
    if isinstance(field, forms.BooleanField):
        return bool
    if isinstance(field, forms.ChoiceField):
        return Literal[tuple(str(value) for value, _ in field.choices)]  # type: ignore[misc,union-attr]
    return int


TYPES = {name: _type_of(field) for name, field in SettingsForm.base_fields.items()}
REQUIRED: dict[str, Any] = {name: (kind, ...) for name, kind in TYPES.items()}
OPTIONAL: dict[str, Any] = {name: (kind | None, None) for name, kind in TYPES.items()}
Settings: Any = create_model("Settings", __base__=Schema, **REQUIRED)
SettingsChange: Any = create_model("SettingsChange", __base__=Strict, **OPTIONAL)


class Changed(Schema):
    settings: Settings
    ended: int
    reasons: dict[EndReason, int]


class ImpactOut(Schema):
    """What the settings would do now: `ending` sessions of the `sessions` of `people`."""

    settings: Settings
    sessions: int
    people: int
    ending: int
    reasons: dict[EndReason, int]
    yours: EndReason | None


@router.get("/sessions", response=Settings, summary="Read the settings", operation_id="settings")
@needs(Section.SESSION_SETTINGS, *SEES)
def read(request: ApiRequest, response: HttpResponse) -> Any:
    """The session settings, and their ETag."""
    policy = _stored(request)
    response.headers["ETag"] = etag(policy)
    return fields_of(policy)


@router.patch(
    "/sessions", response=Changed, summary="Change the settings", operation_id="change_settings"
)
@needs(Section.SESSION_SETTINGS, *EDITS, proof=ADMINISTRATIVE)
def change(request: ApiRequest, response: HttpResponse, body: SettingsChange) -> Any:
    """Changes what is given, and ends at once what the new settings do not allow. With If-Match
    only if nobody changed them since they were read."""
    caller = request.caller
    tenant = tenant_of(caller)
    if caller.is_page:
        note_presence(request)  # saving is activity: the person's own session is not idle
    with transaction.atomic():
        stored = locked_policy(tenant)
        _hold_to_match(request, stored)
        form = _form(stored, body)
        done = change_policy(tenant, form.settings(), caller.actor, via=caller.via)
        policy = SessionPolicy.objects.get(pk=stored.pk)
    response.headers["ETag"] = etag(policy)
    reasons: dict[str, int] = {}
    for one in done.ended:
        reasons[one.reason] = reasons.get(one.reason, 0) + 1
    return {"settings": fields_of(policy), "ended": len(done.ended), "reasons": reasons}


@router.post(
    "/sessions/preview", response=ImpactOut, summary="Try settings out",
    operation_id="preview_settings",
)  # fmt: skip
@needs(Section.SESSION_SETTINGS, *EDITS)
def preview(request: ApiRequest, body: SettingsChange) -> Any:
    """What the change would do to the live sessions. Changes nothing."""
    stored = _stored(request)
    policy = SessionPolicy(**_form(stored, body).settings())
    caller = request.caller
    impact = impact_of(policy.rules(), tenant_of(caller), using=caller.here)
    return {
        "settings": fields_of(policy), "sessions": impact.sessions, "people": impact.people,
        "ending": impact.total, "reasons": impact.ending, "yours": impact.mine,
    }  # fmt: skip


def etag(policy: SessionPolicy) -> str:
    """Of the values alone: a strong validator, RFC 9110 §8.8."""
    digest = sha256(json.dumps(fields_of(policy), sort_keys=True).encode()).hexdigest()
    return f'"{digest[:32]}"'


def _stored(request: ApiRequest) -> SessionPolicy:
    tenant = tenant_of(request.caller)
    stored = SessionPolicy.objects.filter(pk=tenant.id).first()
    return stored or SessionPolicy(id=tenant.id, tenant_id=tenant.id)


def _hold_to_match(request: ApiRequest, stored: SessionPolicy) -> None:
    """Behind the lock of the row, so nobody changes it between this look and the change."""
    wanted = request.headers.get("If-Match")
    if wanted is None or wanted.strip() == "*":
        return
    if etag(stored) not in [tag.strip() for tag in wanted.split(",")]:
        raise ProblemError(PRECONDITION_FAILED, headers={"ETag": etag(stored)})


def _form(stored: SessionPolicy, body: Any) -> SettingsForm:
    """The page's form: the same limits and words. It keeps by itself what is left out, but a
    page leaves out a switch that is off."""
    kept = {name: value for name, value in fields_of(stored).items() if TYPES[name] is bool}
    bounds = PolicyBounds.objects.first() or PolicyBounds()
    given = kept | body.model_dump(exclude_none=True)
    form = SettingsForm(given, stored=stored, bounds=bounds)
    if not form.is_valid():
        raise ProblemError(INVALID, errors=[
            {"pointer": f"/{field}", "detail": str(detail)}
            for field, details in form.errors.items() for detail in details
        ])  # fmt: skip
    return form
