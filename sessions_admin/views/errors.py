"""Errors that deserve more than their number."""

from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest, HttpResponse
from django.views import defaults

from sessions_admin.leaving import leave_for


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A visitor's session that ended meanwhile is no error of theirs: to the sign-in page."""
    if isinstance(exception, SessionInterrupted):
        return leave_for(request, "/accounts/login/")
    return defaults.bad_request(request, exception)
