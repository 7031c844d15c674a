"""Logging out very many people: begun by a request, done after its answer, in batches.

Each batch is an ending like any other, with its audit rows and notices, and bites when it is
committed. One transaction for all would bite at its very end, and keep every row locked until
then. How far it is stands in the database: whoever dies in the middle loses the batch at hand, and
the sweeper's loop goes on with it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from threading import Thread
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import DatabaseError, InterfaceError, connection, models, transaction
from django.db.models import F
from django.db.models.functions import Substr
from django.utils import timezone

from sessions_admin.lifecycle.ending import end_sessions
from sessions_admin.models import MassEnding, Session
from sessions_admin.models.mass_ending import ID_BYTES, joined, split
from sessions_admin.vocabulary import EndReason

if TYPE_CHECKING:
    from accounts.models import User
    from tenants.access import CurrentTenant

logger = logging.getLogger("latchkey.mass_ending")

# More sessions than that are not ended while somebody waits for the answer: about a second.
AT_ONCE = 10_000
# People a transaction: some tenths of a second, and somebody else's log-out waits no longer.
BATCH = 1_000
# Between two of them: on SQLite, writers that wait get their turn only then.
BREATH_SECONDS = 0.03

Stopped = Callable[[], bool]


def begin_mass_ending(
    tenant: CurrentTenant,
    user_ids: Iterable[UUID],
    *,
    started_by: datetime,
    spared: UUID | None,
    actor: User | None,
    note: str = "",
) -> MassEnding:
    """Writes down whose sessions shall end, and begins after the commit, beside the request."""
    ids = joined(user_ids)
    ending = MassEnding.objects.create(
        tenant_id=tenant.id, asked_by=actor, started_by=started_by, spared=spared, note=note,
        user_ids=ids, people=len(ids) // ID_BYTES,
    )  # fmt: skip
    # Not a task: without a worker it would be done within the request.
    thread = Thread(
        target=_carry_on_alone, args=[ending.pk], name=f"ending {ending.pk}", daemon=True
    )
    transaction.on_commit(thread.start, robust=True)
    return ending


def carry_on_unfinished(stopped: Stopped = lambda: False) -> int:
    """For the sweeper: goes on with what nobody finished. Beside one who is at it, it helps or
    leaves it to them. Returns how many sessions it ended."""
    unfinished = MassEnding.objects.filter(finished_at=None).order_by("pk")
    return sum(carry_on(pk, stopped) for pk in list(unfinished.values_list("pk", flat=True)))


def carry_on(ending_id: UUID, stopped: Stopped = lambda: False) -> int:
    """Ends batch after batch until it is finished, stopped, or somebody else is at it. Returns how
    many sessions it ended."""
    total = 0
    while not stopped() and (ended := _end_batch(ending_id)) is not None:
        total += ended
        time.sleep(BREATH_SECONDS)
    return total


def _carry_on_alone(ending_id: UUID) -> None:
    """As a thread of its own; what fails is tried again by the sweeper."""
    try:
        carry_on(ending_id)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("Log-out %s stopped and will be gone on with: %s", ending_id, error)
    finally:
        connection.close()


def _end_batch(ending_id: UUID) -> int | None:
    """How many sessions ended; None: there is nothing (more) to do."""
    with transaction.atomic():
        ending = _claimed(ending_id)
        if ending is None:
            return None
        user_ids = split(bytes(ending.batch))  # type: ignore[attr-defined]
        ended = _end_of(ending, user_ids)
        now = timezone.now()
        ending.done += len(user_ids)
        ending.ended += ended
        ending.moved_at = now
        if ending.done >= ending.people:
            ending.finished_at, ending.user_ids = now, b""
            ending.save(update_fields=["done", "ended", "moved_at", "finished_at", "user_ids"])
        else:
            ending.save(update_fields=["done", "ended", "moved_at"])
    return ended


def _claimed(ending_id: UUID) -> MassEnding | None:
    """Held until the end of the batch; without all the ids, only the next ones."""
    at = F("done") * ID_BYTES + 1
    batch = Substr("user_ids", at, BATCH * ID_BYTES, output_field=models.BinaryField())
    unfinished = MassEnding.objects.filter(pk=ending_id, finished_at=None).defer("user_ids")
    claimed = unfinished.select_for_update(of=("self",), skip_locked=True)
    return claimed.select_related("asked_by", "tenant").annotate(batch=batch).first()


def _end_of(ending: MassEnding, user_ids: list[UUID]) -> int:
    """All sessions of these people there, in one ending: so each is told once."""
    live = Session.objects.live_within(ending.tenant)
    sessions = live.filter(user__in=user_ids, started_at__lte=ending.started_by)
    ended = end_sessions(
        sessions.exclude(pk=ending.spared),
        reason=EndReason.REVOKED_BY_ADMIN, actor=ending.asked_by, note=ending.note,
    )  # fmt: skip
    return len(ended)
