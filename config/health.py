"""For load balancers: is the process alive, and can it do its work?"""

from threading import Event

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

_complete = Event()


@require_safe
@login_not_required
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    """200 as long as the process answers; touches nothing."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@login_not_required
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    """200 when the database answers and has all migrations; 503 with the reason otherwise."""
    try:
        is_complete = _has_all_migrations()
    except DatabaseError:
        return HttpResponse("database unreachable\n", status=503, content_type="text/plain")
    if not is_complete:
        return HttpResponse("migrations pending\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")


def _has_all_migrations() -> bool:
    """Reading them all takes 50 ms of a worker, and anybody may ask: what has been seen complete
    stays so, and the database has only to answer."""
    if _complete.is_set():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    _complete.set()
    return True
