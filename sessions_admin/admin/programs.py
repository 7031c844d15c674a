"""What programs hold, in Django admin: API keys to revoke, the keys that sign tokens to look at."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.acts import Act, ActsAdmin, operator_of
from sessions_admin.admin.listing import RecordAdmin, TenantFilter, at_a_glance
from sessions_admin.models import ApiKey, SigningKey
from sessions_admin.tokens.api_keys import PREFIX, KeyState, revoke_key, state_of
from tenants.permissions import PERMISSION_LABELS, Permission

KEY_STATES = {
    KeyState.ACTIVE: _("In use"),
    KeyState.REPLACED: _("Replaced, works until it expires"),
    KeyState.EXPIRED: _("Expired"),
    KeyState.REVOKED: _("Revoked"),
}


def revoke(modeladmin: Any, request: HttpRequest, keys: QuerySet[ApiKey], note: str) -> str:
    actor = operator_of(request)
    done = sum(revoke_key(key, actor=actor) for key in keys)
    return ngettext("%d key was revoked.", "%d keys were revoked.", done) % done


class WorksFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return [("works", _("In use")), ("over", _("Expired or revoked"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        works = Q(revoked_at=None, expires_at__gt=timezone.now())
        if self.value() == "works":
            return queryset.filter(works)
        return queryset.exclude(works) if self.value() == "over" else queryset


@admin.register(ApiKey)
class ApiKeyAdmin(RecordAdmin, ActsAdmin):
    """Made by a tenant's own people, in the portal: an operator can only stop one."""

    list_display = ("name", "tenant", "key", "state", "last_used", "expires", "made_by")
    list_filter = (WorksFilter, TenantFilter)
    list_select_related = ("tenant", "created_by")
    search_fields = ("name", "hint")
    search_help_text = _("Part of the name, or of what a key begins with.")
    fieldsets = (
        (None, {"fields": (("name", "tenant"), ("key", "state"), "may")}),
        (_("Time"), {"fields": (("created", "made_by"), ("last_used", "expires"))}),
        (_("End"), {"fields": (("revoked", "who_revoked"), "replaced_by")}),
    )
    readonly_fields = (
        "key", "state", "may", "created", "made_by", "last_used", "expires", "revoked",
        "who_revoked", "replaced_by",
    )  # fmt: skip
    acts: tuple[Act, ...] = (
        Act(
            "revoke", _("Revoke"),
            _("Whatever uses the key gets no answer any more, from the next call on. It cannot be "
              "taken back: the tenant has to make a new one."),
            revoke, takes_note=False,
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("key_hash")

    def describe(self, row: ApiKey) -> str:
        return f"{row.tenant}, {self.key(row)}, {self.state(row)}"

    @admin.display(description=_("key"))
    def key(self, key: ApiKey) -> str:
        """Its public part: the rest was shown once and is stored nowhere."""
        return f"{PREFIX}{key.hint}_…"

    @admin.display(description=_("state"))
    def state(self, key: ApiKey) -> str:
        return str(KEY_STATES[state_of(key, timezone.now())])

    @admin.display(description=_("may"))
    def may(self, key: ApiKey) -> str:
        known = set(Permission)
        labels = [PERMISSION_LABELS[Permission(one)] for one in key.permissions if one in known]
        return ", ".join(sorted(str(label) for label in labels)) or gettext("Nothing")

    @admin.display(description=_("created"))
    def created(self, key: ApiKey) -> str:
        return at_a_glance(key.created_at)

    @admin.display(description=_("created by"))
    def made_by(self, key: ApiKey) -> str:
        return key.created_by.email if key.created_by else "–"

    @admin.display(description=_("last used"))
    def last_used(self, key: ApiKey) -> str:
        return at_a_glance(key.last_used_at) if key.last_used_at else gettext("Never")

    @admin.display(description=_("expires"))
    def expires(self, key: ApiKey) -> str:
        return at_a_glance(key.expires_at)

    @admin.display(description=_("revoked"))
    def revoked(self, key: ApiKey) -> str:
        return at_a_glance(key.revoked_at)

    @admin.display(description=_("revoked by"))
    def who_revoked(self, key: ApiKey) -> str:
        return key.revoked_by.email if key.revoked_by else "–"

    @admin.display(description=_("replaced by"))
    def replaced_by(self, key: ApiKey) -> str:
        return self.key(key.successor) if key.successor else "–"


@admin.register(SigningKey)
class SigningKeyAdmin(RecordAdmin):
    """They make and replace themselves. When one has leaked: manage.py rotate_keys --replace-all.
    The private half is sealed, and shown to nobody."""

    list_display = ("kid", "phase", "start", "end", "withdrawal")
    fields = ("kid", "phase", ("start", "end", "withdrawal"), "published")
    readonly_fields = ("kid", "phase", "start", "end", "withdrawal", "published")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("private_key")

    @admin.display(description=_("key ID (kid)"))
    def kid(self, key: SigningKey) -> str:
        return str(key.pk)

    @admin.display(description=_("state"))
    def phase(self, key: SigningKey) -> str:
        now = timezone.now()
        if now < key.signs_from:
            return gettext("Published, signs later")
        if now < key.signs_until:
            return gettext("Signs")
        return gettext("Verifies only") if now < key.published_until else gettext("Over")

    @admin.display(description=_("signs from"))
    def start(self, key: SigningKey) -> str:
        return at_a_glance(key.signs_from)

    @admin.display(description=_("signs until"))
    def end(self, key: SigningKey) -> str:
        return at_a_glance(key.signs_until)

    @admin.display(description=_("published until"))
    def withdrawal(self, key: SigningKey) -> str:
        return at_a_glance(key.published_until)

    @admin.display(description=_("public key (JWK)"))
    def published(self, key: SigningKey) -> SafeString:
        return format_html('<pre tabindex="0">{}</pre>', json.dumps(key.public_key, indent=2))
