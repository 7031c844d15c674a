from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SessionsAdminConfig(AppConfig):
    name = "sessions_admin"
    verbose_name = _("Sessions")

    def ready(self) -> None:
        # Connect their receivers: of signals, and of the first connection to SQLite.
        from sessions_admin import receivers, session_query  # noqa: F401
