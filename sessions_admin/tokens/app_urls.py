"""The flows of allauth's headless API that this portal has: signing in with an app.

Its other flows stay shut. Operators create people, so there is no sign-up; addresses, passwords
and factors are changed in the portal, behind step-up.
"""

from collections.abc import Callable
from functools import wraps

from allauth.decorators import rate_limit
from allauth.headless.account.views import LoginView
from allauth.headless.base.response import RateLimitResponse
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
from django.utils.decorators import method_decorator

from sessions_admin.tokens import strangers

View = Callable[..., HttpResponse]


@method_decorator(rate_limit(action="passkey", limit_get=True), name="handle")
class PasskeyView(LoginWebAuthnView):
    """Each look at it begins a visitor's session: not without end."""


class RefreshView(RefreshTokenView):
    """As /oauth/token, for the clients that allauth has."""

    def handle(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if wait := strangers.seconds_held(request.META):
            response: HttpResponse = RateLimitResponse(request)
            response.headers["Retry-After"] = str(wait)
            return response
        return super().handle(request, *args, **kwargs)  # type: ignore[no-any-return]


FLOWS = {
    "config": ConfigView,
    "auth/login": LoginView,
    "auth/2fa/authenticate": AuthenticateView,
    "auth/webauthn/authenticate": AuthenticateWebAuthnView,
    "auth/webauthn/login": PasskeyView,
    "tokens/refresh": RefreshView,
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
