"""The start page: the first section that this person may open."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from sessions_admin.navigation import navigation


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """My sessions as a rule; the profile when an operator has switched every section off."""
    pages = navigation(request)["navigation"]
    return redirect(pages[0]["url"] if pages else "profile")
