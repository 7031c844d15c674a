"""The profile, and the pages of allauth's that stay shut. Include it before `allauth.urls`."""

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
    path("accounts/", RedirectView.as_view(pattern_name="profile")),
]
