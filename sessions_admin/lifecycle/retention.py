"""How long ended sessions are kept: what is older is forgotten, in batches, never a live one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction

from sessions_admin.identifiers import earliest_uuid7
from sessions_admin.models import (
    ApiUsage,
    ApplicationPass,
    EndingPreview,
    IdempotentCall,
    KnownDevice,
    LoginAttempt,
    MassEnding,
    Notice,
    Risk,
    Session,
)
from sessions_admin.tokens.usage import PERIOD

# Rows a transaction: nobody who signs in meanwhile waits for long.
FORGET_BATCH = 1000
# An anonymous visitor's notes belong to nobody's history.
VISITORS_KEPT = timedelta(days=1)
# No browser keeps a cookie longer: this one would not be recognised any more.
DEVICES_KEPT = timedelta(seconds=settings.DEVICE_COOKIE_AGE)
# Longer than any client repeats a call for.
ANSWERS_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outworn:
    """One kind of rows that nobody needs any more."""

    name: str
    rows: models.QuerySet[models.Model]


def outworn(now: datetime, kept: timedelta) -> list[Outworn]:
    """What is older than `kept`: sessions that ended before, their sightings, login attempts,
    notices; and what opens nothing any more."""
    before = now - kept
    # Ids sort by the time of birth, so the oldest are found without an index on the end.
    born = earliest_uuid7(before)
    ended = Session.objects.ended()
    uncounted = int((now - ANSWERS_KEPT).timestamp()) // PERIOD
    return [
        Outworn(
            "passes of applications",
            ApplicationPass.objects.filter(
                models.Q(code_expires_at__lt=now) | models.Q(session__ended_at__isnull=False)
            ),
        ),
        Outworn(
            "ended sessions",
            ended.filter(pk__lt=born, ended_at__lt=before).exclude(user=None, aal=0).order_by("pk"),
        ),
        Outworn(
            "sessions of visitors",
            ended.filter(user=None, aal=0, ended_at__lt=now - VISITORS_KEPT),
        ),
        Outworn(
            "login attempts",
            LoginAttempt.objects.filter(pk__lt=born, at__lt=before).order_by("pk"),
        ),
        Outworn(
            "notices",
            Notice.objects.filter(pk__lt=born, at__lt=before, mail_due_at=None).order_by("pk"),
        ),
        # Their evidence has addresses and places, as the sessions had.
        Outworn("findings", Risk.objects.filter(pk__lt=born, at__lt=before).order_by("pk")),
        Outworn(
            "known devices",
            KnownDevice.objects.filter(last_seen_at__lt=now - DEVICES_KEPT).order_by("pk"),
        ),
        Outworn(
            "answers to API calls",
            IdempotentCall.objects.filter(at__lt=now - ANSWERS_KEPT),
        ),
        Outworn("counts of API calls", ApiUsage.objects.filter(period__lt=uncounted)),
        Outworn("log-outs of many", MassEnding.objects.filter(finished_at__lt=before)),
        Outworn("previews of endings", EndingPreview.objects.filter(at__lt=now - ANSWERS_KEPT)),
    ]


def forget(rows: models.QuerySet[models.Model]) -> Iterator[int]:
    """Deletes them with what belongs to them; yields the number of each batch."""
    model = rows.model._default_manager
    while True:
        with transaction.atomic():
            ids = list(rows.values_list("pk", flat=True)[:FORGET_BATCH])
            model.filter(pk__in=ids).delete()
        if not ids:
            return
        yield len(ids)
