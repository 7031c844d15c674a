"""The baseline: Django's own database sessions, complete and unchanged.

`django.contrib.sessions` is not installed in Latchkey, so its model is declared here; it is the
same abstract one, and the engine is the same class.
"""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import connection


class DjangoSession(AbstractBaseSession):
    """What django.contrib.sessions.models.Session is."""

    class Meta(AbstractBaseSession.Meta):
        app_label = "bench"
        db_table = "django_session"

    @classmethod
    def get_session_store_class(cls) -> type[DatabaseStore]:
        return SessionStore


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> Any:
        return DjangoSession


def create_table() -> None:
    with connection.schema_editor() as editor:
        editor.create_model(DjangoSession)
