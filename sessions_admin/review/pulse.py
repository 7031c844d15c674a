"""What a page that stays open asks again and again: did my list change, how long do I last?

Cheap on purpose: one index read for the lists, nothing for the deadlines. docs/live.md has the
whole picture.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

from sessions_admin.identifiers import millisecond_of
from sessions_admin.models import AuditEvent
from sessions_admin.policy import Facts, Policy, absolute_deadline, deadline, touch_interval
from sessions_admin.vocabulary import AuditAction, EndReason

# Proofs and failed attempts are events, too; no list shows them.
LISTED = {
    AuditAction.SESSION_STARTED,
    AuditAction.SUPPORT_STARTED,
    AuditAction.SESSION_ENDED,
    AuditAction.SESSION_RENAMED,
    AuditAction.USER_DISABLED,
    AuditAction.USER_ENABLED,
    AuditAction.POLICY_CHANGED,
    AuditAction.RISK_DETECTED,
    AuditAction.RISK_DECIDED,
    AuditAction.DEVICE_FORGOTTEN,
}
# Looked at per list: between two questions hardly ever happens more, and then the number is wrong.
LATEST = 10

# A quarter of a short idle timeout is warning enough, and nobody needs more than two minutes.
LONGEST_WARNING = timedelta(minutes=2)
# Three times what WCAG 2.2.1 asks for: one hears it, comes back to the desk and decides.
SHORTEST_WARNING = timedelta(seconds=60)
# Nothing moves the absolute deadline, so there must be time to finish and save.
ABSOLUTE_WARNING = timedelta(minutes=5)


class Topic(StrEnum):
    """A list that keeps itself up to date."""

    SESSIONS = "sessions"  # one's own
    USERS = "users"  # the tenant's, and the page of each
    RISKS = "risks"  # what was found in the tenant


# Whose events a topic is about; AuditEvent has an index on each.
OWNER: dict[Topic, Any] = {
    Topic.SESSIONS: AuditEvent._meta.get_field("user"),
    Topic.USERS: AuditEvent._meta.get_field("tenant"),
    Topic.RISKS: AuditEvent._meta.get_field("tenant"),
}


def latest_changes(owners: Mapping[Topic, Any]) -> dict[Topic, list[int]]:
    """When the lists of these owners (ids) last changed: milliseconds since 1970, newest first.

    Ids sort by time, so this is the head of one index per list, in one statement.
    """
    changes: dict[Topic, list[int]] = {topic: [] for topic in owners}
    if not owners:
        return changes
    connection = connections[AuditEvent.objects.db]
    values = [_value(connection, topic, owner) for topic, owner in owners.items()]
    with connection.cursor() as cursor:
        cursor.execute(_statement(connection, tuple(owners)), values)
        for topic, event_id, action in cursor.fetchall():
            if action in LISTED:
                changes[Topic(topic)].append(millisecond_of(_to_uuid(event_id)))
    return changes


def idle_limit(facts: Facts, policy: Policy) -> dict[str, int] | None:
    """When inactivity ends the session, when to warn, and from when on activity is worth telling.

    None when the absolute deadline comes first: no activity helps then.
    """
    first = deadline(facts, policy)
    if first.reason != EndReason.IDLE_TIMEOUT:
        return None
    return {
        "tell": milliseconds(facts.last_seen_at + touch_interval(policy)),
        "warn": milliseconds(first.at - warning_before(policy.idle_timeout)),
        "end": milliseconds(first.at),
    }


def absolute_limit(facts: Facts, policy: Policy) -> dict[str, int] | None:
    """When the session ends whatever the person does, and when to warn; None: never."""
    limit = absolute_deadline(facts, policy)
    if limit is None:
        return None
    return {"warn": milliseconds(limit.at - ABSOLUTE_WARNING), "end": milliseconds(limit.at)}


def warning_before(idle_timeout: timedelta) -> timedelta:
    """How long before an idle session ends its person is asked whether they are still there."""
    return max(SHORTEST_WARNING, min(LONGEST_WARNING, idle_timeout / 4))


def milliseconds(at: datetime) -> int:
    """Since 1970, as scripts count."""
    return int(at.timestamp() * 1000)


def _statement(connection: BaseDatabaseWrapper, topics: tuple[Topic, ...]) -> str:
    return " UNION ALL ".join(_head(connection, topic) for topic in topics)


def _head(connection: BaseDatabaseWrapper, topic: Topic) -> str:
    """Written by hand: SQLite wants each LIMIT in a query of its own, and it is asked a lot."""
    table = connection.ops.quote_name(AuditEvent._meta.db_table)
    owner = connection.ops.quote_name(OWNER[topic].column)
    return f"""
        SELECT * FROM (
            SELECT '{topic}', id, action FROM {table}
            WHERE {owner} = %s ORDER BY id DESC LIMIT {LATEST}
        ) AS of_{topic}
    """  # noqa: S608  names and numbers of ours; the owner is a parameter


def _value(connection: BaseDatabaseWrapper, topic: Topic, owner: Any) -> Any:
    return OWNER[topic].get_db_prep_save(owner, connection)


_to_uuid = models.UUIDField().to_python
