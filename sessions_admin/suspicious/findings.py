"""The suspicious sessions that a tenant's rules found: the list, its filters, and one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from sessions_admin.keyset import Order, Page, page_of
from sessions_admin.models import Risk, Session
from sessions_admin.vocabulary import Detector, RiskState
from tenants.lookups import is_member

if TYPE_CHECKING:
    from tenants.access import CurrentTenant

PAGE_SIZE = 25
# More open findings than that are “more than”: nobody works through them one by one.
COUNTED = 1000
QUERY_LENGTH, QUERY_WORDS = 200, 6
# The ids are UUIDv7: by id is by time.
LATEST_FIRST = Order("risks", F("id"), descending=True)
EVERY_STATE = "all"
SESSIONS = ("session", "other_session")
SECRET = ("data", "key_hash")  # of a session: no screen shows them


@dataclass(frozen=True, slots=True)
class Sought:
    """What the URL asks for; what makes no sense there is as if it were not."""

    state: RiskState | None  # None: any
    detector: Detector | None
    person: str

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Sought:
        state, detector = query.get("state", RiskState.OPEN), query.get("detector", "")
        typed = "".join(letter for letter in query.get("q", "") if letter.isprintable())
        known = RiskState(state) if state in list(RiskState) else RiskState.OPEN
        return cls(
            None if state == EVERY_STATE else known,
            Detector(detector) if detector in list(Detector) else None,
            typed.strip()[:QUERY_LENGTH],
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.detector or self.person)


def page_of_findings(tenant: CurrentTenant, sought: Sought, query: Mapping[str, str]) -> Page[Risk]:
    """The page that the URL asks for, the latest first, in one statement."""
    return page_of(_matching(tenant, sought), LATEST_FIRST, query, size=PAGE_SIZE)


def count_open(tenant: CurrentTenant) -> int:
    """How many wait for somebody; COUNTED + 1 stands for more than COUNTED."""
    waiting = Risk.objects.filter(tenant_id=tenant.id, state=RiskState.OPEN)
    return waiting.values("pk")[: COUNTED + 1].count()


def findings_in(tenant: CurrentTenant) -> QuerySet[Risk]:
    """With who it is about, who decided, and whether they may be named or are still here."""
    rows = Risk.objects.filter(tenant_id=tenant.id).select_related("user", "decided_by")
    return cast(
        "QuerySet[Risk]",
        rows.annotate(
            decider_is_colleague=is_member(user="decided_by"),
            is_member=is_member(user="user"),
        ),
    )


def finding_of(tenant: CurrentTenant, risk_id: UUID) -> QuerySet[Risk]:
    """One of them with its sessions, in one statement."""
    live = Session.objects.live()
    rows = findings_in(tenant).filter(pk=risk_id).select_related(*SESSIONS)
    rows = rows.annotate(
        is_live=Exists(live.filter(pk=OuterRef("session"))),
        other_is_live=Exists(live.filter(pk=OuterRef("other_session"))),
    )
    return rows.defer(*(f"{session}__{name}" for session in SESSIONS for name in SECRET))


def _matching(tenant: CurrentTenant, sought: Sought) -> QuerySet[Risk]:
    rows = findings_in(tenant)
    if sought.state:
        rows = rows.filter(state=sought.state)
    if sought.detector:
        rows = rows.filter(detector=sought.detector)
    for word in sought.person.split()[:QUERY_WORDS]:
        rows = rows.filter(Q(user__display_name__icontains=word) | Q(user__email__icontains=word))
    return rows
