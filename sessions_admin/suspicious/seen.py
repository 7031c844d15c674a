"""What the rows tell the detectors: sessions, sightings and attempts as risk.facts has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Q, Subquery

from sessions_admin.models import PLATFORM_POLICY_ID, LoginAttempt, RiskRules, Session
from sessions_admin.request.client import Client, describe
from sessions_admin.risk.facts import Failure, History, Seen
from sessions_admin.risk.guessing import BURST_WITHIN
from sessions_admin.risk.rules import Rules
from sessions_admin.vocabulary import Kind, LoginOutcome

if TYPE_CHECKING:
    from accounts.models import User
    from sessions_admin.lifecycle.devices import Recognition

# Sessions that one sign-in is compared with, the latest used first; nobody uses more at once.
MOST_OTHERS = 100
# Sign-ins that say which countries and networks a person knows: some months of daily ones.
MOST_ATTEMPTS = 300
# The columns of AccessFields that Seen has.
ACCESS = (
    "ip", "user_agent", "browser", "system", "device_type", "city", "country", "country_code",
    "latitude", "longitude", "accuracy_km", "asn", "network",
)  # fmt: skip


def seen_now(session_id: UUID, client: Client, at: datetime) -> Seen:
    return Seen(session_id, at, **describe(client))


def seen_in(row: Mapping[str, Any], session_id: UUID, at: datetime) -> Seen:
    """A row (or values) with the columns of AccessFields."""
    return Seen(session_id, at, **{name: row[name] for name in ACCESS})


def rules_of(tenant_id: UUID | None) -> Rules:
    """The risk rules of the tenant; the platform's when it has none. One statement."""
    rows = RiskRules.objects.filter(
        Q(pk=PLATFORM_POLICY_ID) | Q(tenant=tenant_id, tenant__isnull=False)
    )
    found = {row.tenant_id: row for row in rows}
    row = found.get(tenant_id) or found.get(None)
    return row.rules() if row else Rules()


def others_of(user: User, session_id: UUID, tenant_id: UUID | None) -> tuple[Seen, ...]:
    """The other live sessions of the person, as last seen. One statement.

    Within the tenant: its administrators read the evidence, and learn of no other tenant. Before a
    person of several tenants has chosen one, no tenant reads it.
    """
    # A support session is where its administrator is.
    sessions = Session.objects.live().of(user).exclude(pk=session_id).exclude(kind=Kind.SUPPORT)
    if tenant_id:
        sessions = sessions.filter(tenant=tenant_id)
    rows = sessions.order_by("-last_seen_at").values("pk", "last_seen_at", *ACCESS)
    return tuple(seen_in(row, row["pk"], row["last_seen_at"]) for row in rows[:MOST_OTHERS])


def history_of(
    user: User, others: tuple[Seen, ...], recognition: Recognition, now: datetime
) -> History:
    """What is known of the person at a sign-in. One statement: the latest sign-ins, and the
    failures of the last minutes (as many as the rate limit lets through)."""
    last_ended = Session.objects.ended().of(user).order_by("-ended_at").values("last_seen_at")[:1]
    wanted = Q(outcome=LoginOutcome.SUCCEEDED) | Q(
        outcome=LoginOutcome.FAILED, at__gte=now - BURST_WITHIN
    )
    rows = list(
        LoginAttempt.objects.filter(wanted, user=user)
        .order_by("-pk")
        .annotate(last_used_at=Subquery(last_ended))
        .values("at", "outcome", "ip", "country_code", "asn", "last_used_at")[:MOST_ATTEMPTS]
    )
    came = [row for row in rows if row["outcome"] == LoginOutcome.SUCCEEDED]
    used = [row[name] for row in came for name in ("at", "last_used_at") if row[name]]
    return History(
        others=others,
        signed_in_before=bool(came),
        last_active_at=max([*used, *(other.at for other in others)], default=None),
        countries=frozenset(row["country_code"] for row in came) - {""},
        networks=frozenset(row["asn"] for row in came if row["asn"] is not None),
        has_devices=recognition.has_devices,
        device_known=recognition.is_known,
        failures=tuple(
            Failure(row["at"], row["ip"]) for row in rows if row["outcome"] == LoginOutcome.FAILED
        ),
    )
