"""The operator's Django admin: the site itself, and people."""

from __future__ import annotations

from typing import Any

from allauth.account import admin as account_admin
from allauth.account.adapter import get_adapter
from allauth.mfa import admin as mfa_admin
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin
from django.contrib.admin.views.autocomplete import AutocompleteJsonView
from django.contrib.auth import admin as auth_admin
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.acts import Act, ActsAdmin, RefusedError, operator_of
from accounts.forms import ProfileForm
from accounts.models import User
from accounts.password_link import send_password_link
from accounts.people import disable_user, enable_user
from accounts.signals import credential_changed
from accounts.step_up import ADMINISTRATIVE, step_up

admin.site.site_header = admin.site.site_title = _("Latchkey operations")
admin.site.index_title = _("Operations")
admin.site.site_url = "/sessions/"
# The home page lists the same few; tables of sessions need the room.
admin.site.enable_nav_sidebar = False
# Rows are deleted one by one, where they may be deleted at all.
admin.site.disable_action("delete_selected")
# Not used here: permissions are a matter of a tenant's groups, User.email is the only address, and
# factors are removed by an act on the person.
admin.site.unregister(
    [auth_admin.Group, account_admin.EmailAddress, mfa_admin.Authenticator]  # type: ignore[attr-defined]
)


def change_own_password(request: HttpRequest, **_: object) -> HttpResponse:
    """On the portal's page, which asks for the old one and ends the other sessions."""
    return redirect("account_change_password")


class NamesakesApart(AutocompleteJsonView):
    """Two people may have one name; the wrong one must not become a member."""

    def serialize_result(self, obj: Any, to_field_name: str) -> dict[str, str]:
        found = super().serialize_result(obj, to_field_name)
        return found | {"text": f"{obj} ({obj.email})"} if isinstance(obj, User) else found


admin.site.password_change = change_own_password  # type: ignore[method-assign,assignment]
admin.site.autocomplete_view = NamesakesApart.as_view(admin_site=admin.site)  # type: ignore[method-assign,assignment]


proved: Any = step_up(ADMINISTRATIVE)


@method_decorator(proved, name="changeform_view")
@method_decorator(proved, name="delete_view")
class OperatorAdmin(ActsAdmin):
    """What an operator changes reaches many people: every change is behind step-up."""

    # A suspended POST resumes at its bare address, so none may carry the list's filters.
    preserve_filters = False
    show_full_result_count = False
    list_per_page = 50

    class Media:
        js = ("js/admin.js",)


class PersonForm(ProfileForm):
    """A person as an operator sees them; the password is only ever written."""

    new_password = forms.CharField(
        label=_("New password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password", "class": "vTextField"}),
    )

    class Meta:
        model = User
        fields = ("email", "display_name", "time_zone", "language", "is_active", "is_operator")

    asks: User  # the operator

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk == self.asks.pk:
            del self.fields["new_password"]  # the portal's page asks for the old one

    def clean_email(self) -> str:
        """One spelling, so that an address is found by its index."""
        return str(self.cleaned_data["email"]).lower()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance.pk == self.asks.pk:
            self._refuse_to_shut_oneself_out(cleaned)
        return cleaned

    def _refuse_to_shut_oneself_out(self, cleaned: dict[str, Any]) -> None:
        for name in ("is_active", "is_operator"):
            if not cleaned.get(name, True):
                self.add_error(name, _("You cannot take this away from yourself."))

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        password = self.cleaned_data.get("new_password")
        if not password:
            return
        try:
            password_validation.validate_password(password, self.instance)
        except ValidationError as error:
            self.add_error("new_password", error)

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002  Django's signature
        """Writes nothing yet: PersonAdmin.save_model does."""
        return forms.ModelForm.save(self, commit=False)


def disable(
    modeladmin: PersonAdmin, request: HttpRequest, people: QuerySet[User], note: str
) -> str:
    actor = operator_of(request)
    if actor in people:
        raise RefusedError(gettext("You cannot disable yourself. Nothing was done."))
    done = sum(disable_user(person, actor=actor, note=note) for person in people)
    return ngettext("%d person was disabled.", "%d people were disabled.", done) % done


def enable(modeladmin: PersonAdmin, request: HttpRequest, people: QuerySet[User], note: str) -> str:
    done = sum(modeladmin.enable(request, person) for person in people)
    return ngettext("%d person was enabled.", "%d people were enabled.", done) % done


def send_links(
    modeladmin: PersonAdmin, request: HttpRequest, people: QuerySet[User], note: str
) -> str:
    active = [person for person in people if person.is_active]
    for person in active:
        send_password_link(request, person)
    return ngettext("%d mail was sent.", "%d mails were sent.", len(active)) % len(active)


def remove_factors(
    modeladmin: PersonAdmin, request: HttpRequest, people: QuerySet[User], note: str
) -> str:
    with_factors = people.filter(pk__in=Authenticator.objects.values("user"))
    if not with_factors:
        raise RefusedError(gettext("None of them has a passkey or an authenticator app."))
    with transaction.atomic():
        for person in with_factors:
            Authenticator.objects.filter(user=person).delete()
            _announce_change(person, operator_of(request))
            get_adapter().send_notification_mail("accounts/factors_removed", person)
    done = len(with_factors)
    return (
        ngettext(
            "%d person signs in by password again.", "%d people sign in by password again.", done
        )
        % done
    )


def _announce_change(person: User, operator: User) -> None:
    credential_changed.send(User, user=person, request=None, keep_others=False, actor=operator)


@admin.register(User)
class PersonAdmin(OperatorAdmin):
    """People. There is no way to delete one: what they did must stay answerable."""

    form = PersonForm
    list_display = ("email", "display_name", "is_active", "is_operator", "joined_at", "last_login")
    list_filter = ("is_active", "is_operator")
    search_fields = ("email", "display_name")
    search_help_text = _("Part of an e-mail address or of a name.")
    ordering = ("email",)
    readonly_fields = ("joined_at", "last_login")
    acts: tuple[Act, ...] = (
        Act(
            "disable", _("Disable"),
            _("They are logged out everywhere at once and cannot sign in until they are enabled."),
            disable,
        ),
        Act(
            "enable", _("Enable"),
            _("They can sign in again. Sessions that have ended stay ended."),
            enable, takes_note=False,
        ),
        Act(
            "send-password-link", _("Send a link to choose a password"),
            _("Each gets a mail with a link that works once, within the next hour. "
              "Disabled people get none."),
            send_links, takes_note=False,
        ),
        Act(
            "remove-factors", _("Remove passkeys and authenticator apps"),
            _("For somebody who has lost their phone or key. They are logged out everywhere, and "
              "the password alone opens the account until they set up a new one. "
              "Be sure who asks for it."),
            remove_factors, takes_note=False,
        ),
    )  # fmt: skip

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        password = (
            _("Leave it empty, and the person gets a mail with a link to choose one.")
            if obj is None
            else _("Logs the person out everywhere. Better let them choose one: send them a link.")
        )
        fieldsets: list[Any] = [
            (None, {
                "fields": ["email", "display_name", "time_zone", "language"],
                "description": _("People are disabled and never deleted: what they did must stay "
                                 "answerable."),
            }),
            (_("Access"), {"fields": ["is_active", "is_operator"]}),
        ]  # fmt: skip
        if obj is None or obj.pk != request.user.pk:
            fieldsets.append((_("Password"), {"fields": ["new_password"], "description": password}))
        if obj is not None:
            fieldsets.append((_("Dates"), {"fields": list(self.readonly_fields)}))
        return fieldsets

    def get_form(self, request: HttpRequest, obj: Any = None, *args: Any, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, *args, **kwargs)
        return type(form.__name__, (form,), {"asks": request.user})

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: Any) -> None:
        password = form.cleaned_data.get("new_password")
        if not change:
            self._create(request, obj, password)
            return
        columns = [name for name in form.changed_data if name in PersonForm.Meta.fields]
        # Only what was changed: a form opened earlier must not undo what happened since.
        obj.save(update_fields=[name for name in columns if name != "is_active"])
        if "is_active" in columns:
            self._switch(request, obj)
        if password:
            self._set_password(obj, password, operator_of(request))

    def enable(self, request: HttpRequest, person: User) -> bool:
        return enable_user(person)

    def _create(self, request: HttpRequest, person: User, password: str | None) -> None:
        person.set_password(password or None)
        person.save(force_insert=True)
        if not password:
            transaction.on_commit(lambda: send_password_link(request, person))

    def _switch(self, request: HttpRequest, person: User) -> None:
        if person.is_active:
            self.enable(request, person)
        else:
            disable_user(person, actor=operator_of(request))

    def _set_password(self, person: User, password: str, operator: User) -> None:
        person.set_password(password)
        person.save(update_fields=["password", "credential_version"])
        _announce_change(person, operator)
        get_adapter().send_notification_mail("account/email/password_changed", person)
