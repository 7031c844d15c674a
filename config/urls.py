"""Mounts everything; nothing else."""

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import TemplateView

import config.checks  # noqa: F401  registers the system checks
from config import health
from sessions_admin.api.documentation import docs
from sessions_admin.views.home import home

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler400 = "sessions_admin.views.errors.bad_request"
handler403 = "sessions_admin.views.errors.not_allowed"
handler404 = "sessions_admin.views.errors.not_found"

urlpatterns = [
    path("", home, name="home"),
    path("", include("sessions_admin.urls")),
    path("", include("accounts.urls")),
    path("api/docs/", docs, name="api-docs"),
    path("api/v1/", include("sessions_admin.api.urls")),
    path("_allauth/app/v1/", include("sessions_admin.tokens.app_urls")),
    path("tenants/", include("tenants.urls")),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.alive, name="healthz"),
    path("healthz/", health.alive),
    path("readyz", health.ready, name="readyz"),
    path("readyz/", health.ready),
]

if settings.DEBUG:
    styleguide = login_not_required(TemplateView.as_view(template_name="styleguide.html"))
    urlpatterns += [path("styleguide/", styleguide, name="styleguide")]
