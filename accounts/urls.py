"""The profile, and the pages of allauth's that stay shut or have a limit.

Include it before `allauth.urls`.
"""

from allauth.decorators import rate_limit
from allauth.mfa.webauthn.views import login_webauthn
from django.contrib.auth.decorators import login_not_required
from django.urls import path, re_path
from django.views.generic import RedirectView

from accounts import views

urlpatterns = [
    path("profile/", views.profile, name="profile"),
    # Operators create people and their addresses: an address that is changed here without a proof
    # would be a way to take the account over.
    re_path(
        r"^accounts/(?:signup|email|confirm-email|login/code)/", login_not_required(views.closed)
    ),
    # Whoever looks at it gets a visitor's session: not without end.
    path(
        "accounts/2fa/webauthn/login/",
        rate_limit(action="passkey", limit_get=True)(login_webauthn),
        name="mfa_login_webauthn",
    ),
    path("accounts/", RedirectView.as_view(pattern_name="profile")),
]
