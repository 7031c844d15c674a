"""Errors that deserve more than their number, in the language of who sees them."""

from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from sessions_admin.request.language import speak_to_person
from sessions_admin.request.leaving import leave_for


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A visitor's session that ended meanwhile is no error of theirs: to the sign-in page."""
    if isinstance(exception, SessionInterrupted):
        return leave_for(request, "/accounts/login/")
    return defaults.bad_request(request, exception)


def not_allowed(request: HttpRequest, exception: Exception) -> HttpResponse:
    speak_to_person(request)
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Also for an address that no view has, where nobody has asked yet who is there."""
    speak_to_person(request)
    return defaults.page_not_found(request, exception)
