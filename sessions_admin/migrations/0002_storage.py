"""What no model can say: room for HOT updates, and the table of the rate limits."""

from django.conf import settings
from django.core.management import call_command
from django.db import migrations


def leave_room_for_updates(apps, schema_editor):
    """last_seen_at moves often: with free space in the page PostgreSQL needs no index update."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE sessions_admin_session SET (fillfactor = 80)")


def create_rate_limit_table(apps, schema_editor):
    """Django's database cache makes its table by a command of its own; nobody should need it."""
    if settings.CACHES["default"]["BACKEND"].endswith("DatabaseCache"):
        call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("sessions_admin", "0001_initial")]

    operations = [
        migrations.RunPython(leave_room_for_updates, migrations.RunPython.noop, elidable=False),
        migrations.RunPython(create_rate_limit_table, migrations.RunPython.noop, elidable=False),
    ]
