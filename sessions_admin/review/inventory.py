"""What one person holds open, as they review it: this session, the others, what to look at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Count, ExpressionWrapper, Q, Window
from django.db.models.fields import BooleanField

from sessions_admin.review.display import card_rows, ended_rows, load_sightings
from sessions_admin.review.traits import Trait, is_suspicious, traits_of, wants_review
from sessions_admin.suspicious.suspicions import with_findings

if TYPE_CHECKING:
    from sessions_admin.live import SessionQuerySet
    from sessions_admin.models import Session

# So many of a person's sessions are read at once, the last active: counts, filters and hints cost
# no statements of their own. Twice what the platform lets a tenant allow: only something gone wild
# holds more.
READ_AT_MOST = 200
PAGE_SIZE = 20  # more than a screen of a laptop
ENDED_FOR = timedelta(days=28)  # as far back as one remembers where one was
ENDED_AT_MOST = 25
HINTS_AT_MOST = 2  # more would hide the list that they point to
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Inventory:
    """A person's live sessions: `here` is the one that asks, `others` the last active first."""

    here: Session | None
    others: list[Session]
    now: datetime
    unread: int = 0  # more of the others than are in the list

    def having(self, trait: Trait | None) -> list[Session]:
        """The other sessions with this trait; all of them for None."""
        return [session for session in self.others if trait in (None, *self._traits[session.pk])]

    def count(self, trait: Trait) -> int:
        return len(self.having(trait))

    @cached_property
    def total(self) -> int:
        return self.others_count + bool(self.here)

    @cached_property
    def others_count(self) -> int:
        return len(self.others) + self.unread

    @cached_property
    def device_count(self) -> int:
        """Different devices, as far as browser and system tell them apart."""
        here = [self.here] if self.here else []
        return len({(session.browser, session.system) for session in [*here, *self.others]})

    @cached_property
    def to_review(self) -> list[Session]:
        """Suspicious sessions, then new sign-ins from elsewhere; the newest first."""
        fresh = [one for one in self.others if wants_review(one, self.now, self.here)]
        fresh.sort(key=lambda one: (is_suspicious(one), one.started_at), reverse=True)
        return fresh[:HINTS_AT_MOST]

    @cached_property
    def inactive_count(self) -> int:
        return self.count(Trait.INACTIVE)

    @cached_property
    def tenants(self) -> set[UUID | None]:
        return {session.tenant_id for session in self.others} | (
            {self.here.tenant_id} if self.here else set()
        )

    @cached_property
    def _traits(self) -> dict[UUID, list[Trait]]:
        return {one.pk: traits_of(one, self.now, self.here) for one in self.others}


@dataclass(frozen=True, slots=True)
class Page:
    """Some of the other sessions, and the cursor of the page after them."""

    sessions: list[Session]
    after: str = ""

    @property
    def groups(self) -> list[list[Session]]:
        """Those in the same browser together, where its first one stands; each of the others by
        itself."""
        groups: dict[UUID, list[Session]] = {}
        for session in self.sessions:
            groups.setdefault(session.known_device_id or session.pk, []).append(session)
        return list(groups.values())


def take_stock(
    mine: SessionQuerySet, here_id: UUID, now: datetime, *, for_tenant: bool = False
) -> Inventory:
    """Those of the person's sessions that are live, in one statement; `for_tenant`: with what was
    found about them in their tenant alone."""
    this_one = ExpressionWrapper(Q(pk=here_id), BooleanField())
    live = with_findings(card_rows(mine.live(now)), for_tenant=for_tenant)
    live = live.annotate(of_all=Window(Count("pk")))
    sessions = list(live.order_by(this_one.desc(), "-last_seen_at", "-pk")[:READ_AT_MOST])
    here = next((session for session in sessions if session.pk == here_id), None)
    others = [session for session in sessions if session is not here]
    return Inventory(here, others, now, sessions[0].of_all - len(sessions) if sessions else 0)


def page_after(sessions: list[Session], cursor: str) -> Page:
    """The page that follows the row named by the cursor, even if that row is gone meanwhile."""
    if found := re.fullmatch(r"(\d{1,18})-([0-9a-f]{32})", cursor):
        key = (int(found[1]), int(found[2], 16))
        sessions = [session for session in sessions if _key(session) < key]
    page = sessions[:PAGE_SIZE]
    return Page(page, _cursor(page[-1]) if len(sessions) > PAGE_SIZE else "")


def with_details(inventory: Inventory, page: Page) -> None:
    """Loads what the rows on the screen show folded, in one statement."""
    load_sightings([*page.sessions, *([inventory.here] if inventory.here else [])])


def recently_ended(mine: SessionQuerySet, now: datetime) -> list[Session]:
    """The last endings among the person's sessions."""
    ended = mine.filter(ended_at__gt=now - ENDED_FOR)
    return list(ended_rows(ended)[:ENDED_AT_MOST])


def _key(session: Session) -> tuple[int, int]:
    microseconds = (session.last_seen_at - EPOCH) // timedelta(microseconds=1)
    return microseconds, session.pk.int


def _cursor(session: Session) -> str:
    microseconds, _ = _key(session)
    return f"{microseconds}-{session.pk.hex}"
