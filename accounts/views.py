"""The profile: how the portal speaks to the person, and the way to their credentials."""

from typing import NoReturn

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.forms import ProfileForm
from accounts.models import User


class PersonRequest(HttpRequest):
    """A request by a signed-in person (LoginRequiredMiddleware holds it)."""

    user: User


@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: PersonRequest) -> HttpResponse:
    """One's own name, time zone and language."""
    # Not request.user: a refused form would leave its values there, and the page's header shows it.
    person = User.objects.get(pk=request.user.pk)
    form = ProfileForm(request.POST or None, instance=person)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your profile was saved."))
        return redirect("profile")
    return render(
        request, "accounts/profile.html", {"form": form}, status=422 if form.errors else 200
    )


def closed(request: HttpRequest) -> NoReturn:
    """A page of allauth's that this portal does not have."""
    raise Http404
