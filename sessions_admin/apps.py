from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SessionsAdminConfig(AppConfig):
    name = "sessions_admin"
    verbose_name = _("Sessions")

    def ready(self) -> None:
        from sessions_admin import receivers  # noqa: F401  connects the receivers
