"""The people of a tenant as a list: search, filters, orders, pages, and what they hold open.

A page costs the same handful of statements, whatever the number of people and of sessions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db.models import (
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    Window,
)
from django.db.models.functions import Coalesce, Greatest, Lower, RowNumber
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import shown_name
from sessions_admin.keyset import Order, Page, page_of
from sessions_admin.models import Session
from sessions_admin.people.filters import Filters
from sessions_admin.people.members import belongs_elsewhere, is_only_here
from sessions_admin.people.search import matches
from sessions_admin.review.display import card_rows
from sessions_admin.review.traits import Trait, traits_of
from sessions_admin.suspicious.suspicions import with_findings
from tenants.models import Membership

if TYPE_CHECKING:
    from accounts.models import User
    from sessions_admin.live import SessionQuerySet
    from tenants.access import CurrentTenant

PAGE_SIZE = 30  # more than a screen of a laptop
QUERY_LENGTH = 100  # longer than any name or address that somebody types
QUERY_WORDS = 5  # each is a scan of the names
COUNTED = 1000  # beyond that the exact number tells nobody anything, and costs
# To know when each of 50,000 people was last here takes half a second; of those of a few minutes,
# nothing.
JUST_NOW = timedelta(minutes=5)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # never here: sorts behind everybody who was


class State(StrEnum):
    """Which people to show."""

    SIGNED_IN = "signed_in"
    DISABLED = "disabled"
    SUSPENDED = "suspended"
    ONE_FACTOR = "one_factor"


STATE_LABELS = {
    State.SIGNED_IN: _("Signed in now"),
    State.DISABLED: _("Disabled"),
    State.SUSPENDED: _("Suspended"),
    State.ONE_FACTOR: _("Without two-step"),
}
BY_ACTIVITY = "active"
ORDERS = {
    order.name: order
    for order in (
        Order("name", Lower(shown_name("user__"))),
        Order("email", Lower("user__email")),
        Order(BY_ACTIVITY, "last_active_at"),
    )
}
DEFAULT_SORT = "name"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the URL asks for; what makes no sense there is as if it were not."""

    query: str
    state: State | None
    filters: Filters
    order: Order
    sees_sessions: bool  # without it, sessions neither filter nor sort: that would tell about them

    @classmethod
    def of(cls, query: Mapping[str, str], *, sees_sessions: bool) -> Wanted:
        typed = "".join(letter for letter in query.get("q", "") if letter.isprintable())
        return cls(
            typed.strip()[:QUERY_LENGTH],
            _state(query.get("state", ""), sees_sessions=sees_sessions),
            Filters.of(query, sees_sessions=sees_sessions),
            _order(query.get("sort", ""), sees_sessions=sees_sessions),
            sees_sessions,
        )

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query or self.state or self.filters)

    def states(self) -> dict[State, str | Promise]:
        """The filters that there are for this person."""
        return {
            state: label
            for state, label in STATE_LABELS.items()
            if state not in _hidden_states(sees_sessions=self.sees_sessions)
        }

    @property
    def sort(self) -> str:
        """The order as the URL writes it."""
        return f"-{self.order.name}" if self.order.descending else self.order.name


@dataclass(frozen=True, slots=True)
class Person:
    """A member as the list shows them; sessions are those within the tenant."""

    membership: Membership
    live: list[Session]  # the most recently active first, not all of them
    live_count: int

    @property
    def user(self) -> User:
        return self.membership.user

    @property
    def has_two_factor(self) -> bool:
        return bool(self.membership.has_two_factor)  # type: ignore[attr-defined]

    @property
    def last_active_at(self) -> datetime | None:
        """When they last used a session here, live or ended; None: never, or long forgotten."""
        at: datetime = self.membership.last_active_at  # type: ignore[attr-defined]
        return at if at > LONG_AGO else None

    @property
    def is_active_now(self) -> bool:
        return bool(self.live) and Trait.ACTIVE in traits_of(self.live[0], timezone.now())

    @property
    def is_disabled(self) -> bool:
        return not self.user.is_active

    @property
    def is_suspended(self) -> bool:
        return self.user.is_active and not self.membership.is_active

    @property
    def is_only_here(self) -> bool:
        """Whether disabling them here disables them altogether."""
        return is_only_here(self.membership)

    @property
    def unlisted(self) -> int:
        """How many live sessions are not in `live`."""
        return self.live_count - len(self.live)


def page_of_people(
    tenant: CurrentTenant,
    wanted: Wanted,
    query: Mapping[str, str],
    now: datetime,
    *,
    size: int = PAGE_SIZE,
) -> Page[Membership]:
    """The memberships on the page that the URL's query names."""
    rows, order = people(tenant, wanted, now), wanted.order
    if order.name == BY_ACTIVITY and order.descending and not {"before", "after"} & query.keys():
        since = now - JUST_NOW
        page = page_of(rows.filter(_was_here(tenant, since)), order, query, size=size)
        # A page full of those is the first of all: nobody else has been here since.
        if page.after and page.rows[-1].last_active_at > since:  # type: ignore[attr-defined]
            return page
    return page_of(rows, order, query, size=size)


def people(tenant: CurrentTenant, wanted: Wanted, now: datetime) -> QuerySet[Membership]:
    """All that are wanted, in no order yet."""
    return described(found(tenant, wanted, now), tenant)


def count_people(tenant: CurrentTenant, wanted: Wanted, now: datetime) -> int:
    """How many there are; one more than COUNTED stands for any larger number."""
    return found(tenant, wanted, now)[: COUNTED + 1].count()


def described(members: QuerySet[Membership], tenant: CurrentTenant) -> QuerySet[Membership]:
    """With the user and the groups, and what a row says about them."""
    return (
        members.select_related("user")
        .prefetch_related("groups")
        .annotate(
            has_two_factor=_has_two_factor(),
            last_active_at=_last_active_at(tenant),
            belongs_elsewhere=belongs_elsewhere(),
        )
    )


def people_of(
    tenant: CurrentTenant, members: Iterable[Membership], now: datetime, *, listed: int = 1
) -> list[Person]:
    """With their live sessions, at most `listed` of each, in one statement (0: in none)."""
    members = list(members)
    live: dict[UUID, list[Any]] = {member.user_id: [] for member in members}
    if listed:
        for session in _most_recent(Session.objects.live_within(tenant, now), live, listed):
            live[session.user_id].append(session)
    return [
        Person(member, own, own[0].live_count if own else 0)
        for member in members
        for own in [live[member.user_id]]
    ]


def _most_recent(
    sessions: SessionQuerySet, user_ids: Iterable[UUID], listed: int
) -> SessionQuerySet:
    """The last active sessions of each user, each knowing how many there are (live_count)."""
    ranked = sessions.filter(user__in=list(user_ids)).annotate(
        live_count=Window(Count("pk"), partition_by="user"),
        rank=Window(
            RowNumber(), partition_by="user", order_by=[F("last_seen_at").desc(), F("pk").desc()]
        ),
    )
    cards = card_rows(ranked.filter(rank__lte=listed)).order_by("rank")
    return with_findings(cards, for_tenant=True)


def found(tenant: CurrentTenant, wanted: Wanted, now: datetime) -> QuerySet[Membership]:
    """All that are wanted, bare."""
    people = Membership.objects.filter(tenant_id=tenant.id)
    live = Session.objects.live_within(tenant, now)
    for word in wanted.query.split()[:QUERY_WORDS]:
        people = people.filter(matches(word, live if wanted.sees_sessions else None))
    people = wanted.filters.of_members(people, live, tenant)
    if wanted.state == State.SIGNED_IN:
        return people.filter(user__in=live.values("user"))
    if wanted.state == State.DISABLED:
        return people.filter(user__is_active=False)
    if wanted.state == State.SUSPENDED:
        return people.filter(user__is_active=True, is_active=False)
    if wanted.state == State.ONE_FACTOR:
        return people.filter(~_has_two_factor())
    return people


def _has_two_factor() -> Exists:
    """Recovery codes alone are no second factor: they stand in for one."""
    factors = Authenticator.objects.filter(user=OuterRef("user"))
    return Exists(factors.exclude(type=Authenticator.Type.RECOVERY_CODES))


def _last_active_at(tenant: CurrentTenant) -> Greatest:
    """By two index look-ups a person: among the open sessions, and the one that ended last."""
    own = Session.objects.within(tenant).filter(user=OuterRef("user"))
    latest = own.open().order_by("-last_seen_at"), own.ended().order_by("-ended_at")
    return Greatest(
        *(Coalesce(Subquery(one.values("last_seen_at")[:1]), Value(LONG_AGO)) for one in latest)
    )


def _was_here(tenant: CurrentTenant, since: datetime) -> Q:
    """Has used a session since then: one that is open, or one that has ended since then as well."""
    used = Session.objects.within(tenant).filter(last_seen_at__gt=since)
    ended = used.filter(ended_at__gt=since)
    return Q(user__in=used.open().values("user")) | Q(user__in=ended.values("user"))


def _state(name: str, *, sees_sessions: bool) -> State | None:
    hidden = _hidden_states(sees_sessions=sees_sessions)
    return State(name) if name in list(State) and name not in hidden else None


def _hidden_states(*, sees_sessions: bool) -> set[State]:
    return set() if sees_sessions else {State.SIGNED_IN}


def _order(sort: str, *, sees_sessions: bool) -> Order:
    order = ORDERS.get(sort.removeprefix("-"))
    if order is None or (order.name == BY_ACTIVITY and not sees_sessions):
        return ORDERS[DEFAULT_SORT]
    return replace(order, descending=sort.startswith("-"))
