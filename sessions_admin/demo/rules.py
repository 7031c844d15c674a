"""The session settings of the demo's tenants, and how they came to be."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sessions_admin.models import RiskRules, SessionPolicy
from sessions_admin.policy import Policy
from sessions_admin.vocabulary import AtLimit, Response

HOURS, DAYS = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody of the cast changed these settings so many days ago."""

    days_ago: float
    by: str
    values: dict[str, Any]
    ended: int = 0  # sessions that were over at once

    def at(self, now: datetime) -> datetime:
        """In the middle of a day, as people do such things."""
        return at_work(now - timedelta(days=self.days_ago))


# The last state is the present one. `end_oldest` at ten, as a company that grew into its rules.
HISTORY: dict[str, tuple[Change, ...]] = {
    "acme": (
        Change(86.2, "owner", {"absolute_timeout_enabled": True, "absolute_timeout": 30 * DAYS}),
        Change(
            61.1, "admin",
            {"max_live_sessions_enabled": True, "max_live_sessions": 10, "at_limit": AtLimit.DENY},
        ),
        Change(46.9, "owner", {"at_limit": AtLimit.END_OLDEST}),
        Change(33.3, "admin", {"idle_timeout_enabled": True, "idle_timeout": 12 * HOURS}, ended=14),
        Change(
            20.8, "owner",
            {"absolute_timeout": 14 * DAYS, "refresh_token_lifetime": 14 * DAYS},
            ended=6,
        ),
        Change(9.2, "admin", {"idle_timeout": 8 * HOURS}, ended=9),
    ),
    "globex": (
        Change(70.5, "outsider", {"absolute_timeout_enabled": True, "absolute_timeout": 30 * DAYS}),
        Change(
            24.6, "outsider",
            {"absolute_timeout": 7 * DAYS, "max_live_sessions_enabled": True,
             "max_live_sessions": 8, "at_limit": AtLimit.END_LEAST_RECENTLY_USED,
             "refresh_token_lifetime": 7 * DAYS},
            ended=11,
        ),
    ),
}  # fmt: skip
# What the tenants do about suspicious sessions: acme still tries the rules, globex goes by them.
RISK_HISTORY: dict[str, Change] = {
    "acme": Change(
        41.3, "owner",
        {"impossible_travel": Response.END_NEW, "guessed_password": Response.STEP_UP,
         "new_device": Response.NOTIFY,
         "trusted_networks": "AS64496  # our offices"},
    ),
    "globex": Change(
        44.6, "outsider",
        {"report_only": False, "impossible_travel": Response.END_NEW,
         "new_device": Response.NOTIFY},
    ),
}  # fmt: skip
DENYING_DAYS_AGO = (60.5, 47.5)  # while acme refused the eleventh sign-in


def at_work(moment: datetime) -> datetime:
    """That day, between nine and four."""
    return moment.replace(hour=9 + (moment.hour + moment.minute) % 7)


def policy_at(slug: str | None, at: datetime, now: datetime) -> Policy:
    """What applied then; nobody ever changed the platform's own rules."""
    row = SessionPolicy()
    for change in HISTORY.get(slug or "", ()):
        if change.at(now) <= at:
            assign(row, change.values)
    return row.rules()


def assign(row: SessionPolicy | RiskRules, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(row, name, value)


def steps(changes: Iterable[Change]) -> Iterable[tuple[Change, SessionPolicy, SessionPolicy]]:
    """Each change with the settings before and after it."""
    before = SessionPolicy()
    for change in changes:
        after = SessionPolicy()
        for field in SessionPolicy._meta.concrete_fields:
            setattr(after, field.attname, getattr(before, field.attname))
        assign(after, change.values)
        yield change, before, after
        before = after
