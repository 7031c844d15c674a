"""The flows of allauth's headless API that this portal has: signing in with an app.

Its other flows stay shut. Operators create people, so there is no sign-up; addresses, passwords
and factors are changed in the portal, behind step-up.
"""

from allauth.headless.account.views import LoginView
from allauth.headless.base.views import ConfigView
from allauth.headless.constants import Client
from allauth.headless.mfa.views import (
    AuthenticateView,
    AuthenticateWebAuthnView,
    LoginWebAuthnView,
)
from allauth.headless.tokens.views import RefreshTokenView
from django.urls import path

FLOWS = {
    "config": ConfigView,
    "auth/login": LoginView,
    "auth/2fa/authenticate": AuthenticateView,
    "auth/webauthn/authenticate": AuthenticateWebAuthnView,
    "auth/webauthn/login": LoginWebAuthnView,
    "tokens/refresh": RefreshTokenView,
}
urlpatterns = [path(route, view.as_api_view(client=Client.APP)) for route, view in FLOWS.items()]
