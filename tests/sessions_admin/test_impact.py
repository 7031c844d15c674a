"""The preview and the rules that enforce agree on every session there can be."""

from collections import Counter, defaultdict
from datetime import timedelta

import time_machine
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_admin.lifecycle import change_policy
from sessions_admin.lifecycle.ending import ensure_policy
from sessions_admin.models import Session, SessionPolicy
from sessions_admin.policy import Contender, Facts, Policy, leaving_first, verdict
from sessions_admin.session_settings.impact import fated, impact_of
from sessions_admin.vocabulary import AtLimit, EndReason
from tests.holdings import hold

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)

# Few whole minutes, so that deadlines coincide with now and with each other often.
ages = st.integers(min_value=0, max_value=6)
rules = st.fixed_dictionaries(
    {
        "idle_timeout_enabled": st.booleans(),
        "idle_timeout": st.integers(1, 6).map(lambda number: number * MINUTE),
        "absolute_timeout_enabled": st.booleans(),
        "absolute_timeout": st.integers(1, 6).map(lambda number: number * MINUTE),
        "max_live_sessions_enabled": st.booleans(),
        "max_live_sessions": st.integers(1, 3),
        "at_limit": st.sampled_from(list(AtLimit)),
    }
)
people = st.sampled_from(["owner", "admin", "member"])
sessions = st.lists(st.tuples(people, ages, ages, ages), max_size=9)


@settings(max_examples=60)
@given(before=rules, after=rules, held=sessions, asking=st.none() | st.integers(0, 8))
def test_the_preview_the_pure_rules_and_the_change_agree(cast, before, after, held, asking):
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        agree(cast, before, after, held, asking, now)


def agree(cast, before, after, held, asking, now):
    rows = set_up(cast, before, held, now)
    using = rows[asking % len(rows)] if asking is not None and rows else None
    old = SessionPolicy.objects.get(pk=cast.acme.pk).rules()
    new = SessionPolicy(**after).rules()
    expected = fates(rows, old, new, using, now)

    found = fated(Session.objects.within(cast.acme), new, now, using=using and using.pk)
    assert {row.pk: row.fate or None for row in found} == expected

    impact = impact_of(new, cast.acme, using=using and using.pk)
    ending = Counter(fate for fate in expected.values() if fate)
    assert impact.sessions == len(expected)
    assert dict(impact.ending) == ending
    assert impact.total == len(impact.examples) == ending.total()
    assert impact.mine == (using and expected.get(using.pk))

    if using:  # what the view does before it saves
        Session.objects.filter(pk=using.pk, pk__in=expected).update(last_seen_at=now)
    change = change_policy(cast.acme, after, cast.admin)
    assert {one.id: one.reason for one in change.ended} == {
        pk: fate for pk, fate in expected.items() if fate
    }


def set_up(cast, before, held, now):
    Session.objects.all().delete()
    SessionPolicy.objects.filter(pk=ensure_policy(cast.acme).pk).update(**before)
    return [
        hold(
            getattr(cast, name), cast.acme, started_at=now - started * MINUTE,
            authenticated_at=now - signed_in * MINUTE, last_seen_at=now - seen * MINUTE,
        )
        for name, started, signed_in, seen in held
    ]  # fmt: skip


def fates(rows, old: Policy, new: Policy, using, now):
    """By the pure functions: what becomes of each session that is live under the old rules."""
    live = [row for row in rows if not verdict(facts(row), old, now)]
    fates, staying = {}, defaultdict(list)
    for row in live:
        if row == using:
            row.last_seen_at = now
        over = verdict(facts(row), new, now)
        fates[row.pk] = over and over.reason
        if not over:
            staying[row.user_id].append(Contender(row.pk, row.started_at, row.last_seen_at))
    for contenders in staying.values():
        excess = len(contenders) - (new.max_live_sessions or len(contenders))
        for leaving in leaving_first(contenders, new.at_limit)[: max(excess, 0)]:
            fates[leaving.id] = EndReason.CONCURRENCY_LIMIT
    return fates


def facts(row):
    return Facts(row.started_at, row.authenticated_at, row.last_seen_at)
