"""What operators do in Django admin beyond editing: an act on chosen rows, after a question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import ActionLocation, helpers
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import BadRequest, ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.step_up import ADMINISTRATIVE, step_up

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# More rows than anybody reads before answering. For all there are, there are acts of their own.
MOST_AT_ONCE = 500
ROWS_SHOWN = 20  # in the question; the number says the rest
NOTE_LENGTH = 200  # as a session keeps it


class RefusedError(Exception):
    """The act is not done; the text says why."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something to be done to chosen rows. `do` takes the model admin, the request, the rows and
    the note, and returns what was done in words; RefusedError when it does not do it."""

    name: str  # in URLs
    label: str | _StrPromise
    consequence: str | _StrPromise  # what the operator should know before
    do: Callable[[Any, HttpRequest, QuerySet[Any], str], str]
    plural: str | _StrPromise = ""  # the label of many rows, if it is another one
    takes_note: bool = True  # what the people concerned will read about it


class NoteForm(forms.Form):
    note = forms.CharField(
        label=_("Note"),
        max_length=NOTE_LENGTH,
        required=False,
        widget=forms.TextInput({"class": "vTextField", "autocomplete": "off"}),
        help_text=_("Shown to the people concerned and kept in the audit log."),
    )


class ActsAdmin(admin.ModelAdmin[Any]):
    """A model admin with acts, in the list and on each row's page.

    Asking changes nothing. Doing is a POST to an address of its own, behind step-up.
    """

    acts: tuple[Act, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actions = [*(self.actions or ()), *(_asking(act) for act in self.acts)]

    def get_urls(self) -> list[URLPattern]:
        return [self._url_of(act) for act in self.acts] + super().get_urls()

    def _url_of(self, act: Act) -> URLPattern:
        view = require_POST(step_up(ADMINISTRATIVE)(partial(self._perform, act)))
        return path(f"{act.name}/", self.admin_site.admin_view(view), name=self._url_name(act))

    def _url_name(self, act: Act) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{act.name}"

    def ask(self, request: HttpRequest, act: Act, queryset: QuerySet[Any]) -> HttpResponse | None:
        """The question before the act; None (back to where one was) when it is too much."""
        rows = list(queryset[: MOST_AT_ONCE + 1])
        if len(rows) > MOST_AT_ONCE:
            text = gettext("Choose at most %d at once. Nothing was done.") % MOST_AT_ONCE
            self.message_user(request, text, messages.ERROR)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": act.plural or act.label if len(rows) > 1 else act.label,
            "opts": self.opts,
            "act": act,
            "url": reverse(f"admin:{self._url_name(act)}"),
            "form": NoteForm() if act.takes_note else None,
            "rows": rows,
            "rows_shown": [(str(row), self.describe(row)) for row in rows[:ROWS_SHOWN]],
            "rows_left_out": max(0, len(rows) - ROWS_SHOWN),
            "checkbox_name": helpers.ACTION_CHECKBOX_NAME,
            "back": request.get_full_path(),
        }
        return TemplateResponse(request, "admin/act.html", context)

    def describe(self, row: Any) -> str:
        """A few words more about a row in the question."""
        return ""

    def _perform(self, act: Act, request: HttpRequest) -> HttpResponse:
        form = NoteForm(request.POST)
        chosen = self._chosen(request)
        if not form.is_valid():
            self.message_user(request, str(form.errors["note"][0]), messages.ERROR)
            return self._back(request)
        try:
            done = act.do(self, request, chosen, form.cleaned_data["note"].strip())
        except RefusedError as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
            return self._back(request)
        self._log(request, act, chosen)
        self.message_user(request, done, messages.SUCCESS)
        return self._back(request)

    def _chosen(self, request: HttpRequest) -> QuerySet[Any]:
        ids = request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)[:MOST_AT_ONCE]
        try:
            keys = [self.opts.pk.to_python(one) for one in ids]
        except ValidationError as error:
            raise BadRequest("That is no row.") from error
        chosen = self.get_queryset(request).filter(pk__in=keys)
        related = self.list_select_related
        return chosen.select_related(*related) if isinstance(related, tuple) else chosen

    def _log(self, request: HttpRequest, act: Act, rows: QuerySet[Model]) -> None:
        """In Django admin's own history of each row."""
        LogEntry.objects.log_actions(
            user_id=operator_of(request).pk, queryset=rows, action_flag=CHANGE,
            change_message=str(act.label),
        )  # fmt: skip

    def _back(self, request: HttpRequest) -> HttpResponse:
        """To where the operator came from: the list as it was filtered, or the row's page."""
        url = request.POST.get("back", "")
        if not url_has_allowed_host_and_scheme(url, allowed_hosts=None):
            url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        return HttpResponseRedirect(url)


def operator_of(request: HttpRequest) -> User:
    """Who acts: Django admin lets nobody in who is not signed in."""
    assert isinstance(request.user, User)  # noqa: S101
    return request.user


def _asking(act: Act) -> Callable[..., HttpResponse | None]:
    """The act as an action of Django admin, which only asks."""

    @admin.action(
        description=act.label,
        description_plural=act.plural or act.label,
        location=[ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM],
    )
    def ask(
        modeladmin: ActsAdmin, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        return modeladmin.ask(request, act, queryset)

    ask.__name__ = act.name
    return ask
