"""The API keys of a tenant: see them, make one, rotate one, revoke one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.step_up import ADMINISTRATIVE, step_up
from sessions_admin.models import ApiKey
from sessions_admin.tokens.api_key_form import REFUSALS, ApiKeyForm, RotationForm
from sessions_admin.tokens.api_keys import (
    PREFIX,
    KeyRefusedError,
    KeyState,
    create_key,
    revoke_key,
    rotate_key,
    state_of,
)
from tenants.access import requires
from tenants.permissions import PERMISSION_LABELS, Permission, Section

if TYPE_CHECKING:
    from tenants.access import TenantRequest

OVER_SHOWN_FOR = timedelta(days=90)  # a quarter: how often access is reviewed
LISTED_AT_MOST = 200  # four times as many as can be in use
SOON = timedelta(days=14)  # time enough to plan a rotation

edits = requires(Section.API_KEYS, Permission.API_KEYS_EDIT)


@dataclass(frozen=True, slots=True)
class Row:
    """A key as the list shows it."""

    key: ApiKey
    state: KeyState
    may: Sequence[str | Promise]
    expires_soon: bool

    @property
    def works(self) -> bool:
        return self.state in {KeyState.ACTIVE, KeyState.REPLACED}


@require_http_methods(["GET", "HEAD", "POST"])
@edits
def api_keys(request: TenantRequest) -> HttpResponse:
    """The keys of the tenant. POST makes one, and shows it this once."""
    if request.method == "POST":
        return _create(request)
    return _page(request, ApiKeyForm(access=request.access))


@require_POST
@edits
@step_up(ADMINISTRATIVE)
def rotate(request: TenantRequest, key_id: UUID) -> HttpResponse:
    """Makes the successor of a key, and shows it this once."""
    key = _key_or_404(request, key_id)
    form = RotationForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose when the old key stops."))
        return redirect("api-keys")
    try:
        new, text = rotate_key(
            key, overlap=form.overlap_chosen(), access=request.access, actor=request.user
        )
    except KeyRefusedError as refused:
        messages.error(request, REFUSALS[refused.reason])
        return redirect("api-keys")
    return _page(request, ApiKeyForm(access=request.access), fresh=new, text=text)


@require_POST
@edits
@step_up(ADMINISTRATIVE)
def revoke(request: TenantRequest, key_id: UUID) -> HttpResponse:
    """Ends a key at once."""
    key = _key_or_404(request, key_id)
    if revoke_key(key, actor=request.user):
        messages.success(request, _("Revoked: %s.") % key.name)
    else:
        messages.info(request, _("%s was no longer in use.") % key.name)
    return redirect("api-keys")


@step_up(ADMINISTRATIVE)
def _create(request: TenantRequest) -> HttpResponse:
    form = ApiKeyForm(request.POST, access=request.access)
    if form.is_valid():
        try:
            fresh, text = create_key(
                request.tenant, name=form.cleaned_data["name"],
                scopes=form.cleaned_data["permissions"], lifetime=form.lifetime_chosen(),
                access=request.access, actor=request.user,
            )  # fmt: skip
        except KeyRefusedError as refused:
            form.add_error("name", str(REFUSALS[refused.reason]))
        else:
            return _page(request, ApiKeyForm(access=request.access), fresh=fresh, text=text)
    return _page(request, form, status=422)


def _key_or_404(request: TenantRequest, key_id: UUID) -> ApiKey:
    return get_object_or_404(ApiKey, pk=key_id, tenant_id=request.tenant.id)


def _page(
    request: TenantRequest,
    form: ApiKeyForm,
    *,
    fresh: ApiKey | None = None,
    text: str = "",
    status: int = 200,
) -> HttpResponse:
    """The key's text goes out in this one answer: a reload sends the form again, and is refused
    because the name is taken."""
    now = timezone.now()
    rows = [_row(key, now) for key in _listed(request, now)]
    context = {
        "form": form,
        "rotation": RotationForm(auto_id=False),
        "in_use": [row for row in rows if row.works],
        "over": [row for row in rows if not row.works],
        "fresh": fresh,
        "secret": text,  # not “text”: the dialogs have one of their own
        "prefix": PREFIX,
    }
    return render(request, "sessions_admin/api_keys.html", context, status=status)


def _listed(request: TenantRequest, now: datetime) -> list[ApiKey]:
    keys = ApiKey.objects.filter(
        tenant_id=request.tenant.id, expires_at__gt=now - OVER_SHOWN_FOR
    ).select_related("created_by", "revoked_by")
    return list(keys.order_by("-pk")[:LISTED_AT_MOST])


def _row(key: ApiKey, now: datetime) -> Row:
    may = [PERMISSION_LABELS[Permission(name)] for name in sorted(key.permissions)]
    return Row(key, state_of(key, now), may, expires_soon=key.expires_at - now < SOON)
