"""The flows of allauth's headless API that this portal has: signing in with an app.

Its other flows stay shut. Operators create people, so there is no sign-up; addresses, passwords
and factors are changed in the portal, behind step-up.
"""

from collections.abc import Callable
from functools import wraps

from allauth.headless.account.views import LoginView
from allauth.headless.base.views import ConfigView
from allauth.headless.constants import Client
from allauth.headless.mfa.views import (
    AuthenticateView,
    AuthenticateWebAuthnView,
    LoginWebAuthnView,
)
from allauth.headless.tokens.views import RefreshTokenView
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import path

View = Callable[..., HttpResponse]

FLOWS = {
    "config": ConfigView,
    "auth/login": LoginView,
    "auth/2fa/authenticate": AuthenticateView,
    "auth/webauthn/authenticate": AuthenticateWebAuthnView,
    "auth/webauthn/login": LoginWebAuthnView,
    "tokens/refresh": RefreshTokenView,
}


def _read_with_care(view: View) -> View:
    """JSON that is nested deeper than Python reads is as malformed as any."""

    @wraps(view)
    def answered(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except RecursionError:
            return HttpResponseBadRequest()

    return answered


urlpatterns = [
    path(route, _read_with_care(view.as_api_view(client=Client.APP)))
    for route, view in FLOWS.items()
]
