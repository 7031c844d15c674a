"""One definition of live: the pure function and the SQL agree on every session there can be."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_admin.lifecycle import end_overdue
from sessions_admin.lifecycle.ending import ensure_policy
from sessions_admin.models import Session, SessionPolicy
from sessions_admin.policy import verdict
from sessions_admin.request.lookup import find_session
from sessions_admin.request.sealing import hash_of
from sessions_admin.vocabulary import EndReason
from tenants.models import Membership, Tenant

# Whole minutes, close together, so that deadlines coincide with now and with each other often.
minutes = st.integers(min_value=0, max_value=6).map(lambda number: timedelta(minutes=number))
switches = st.fixed_dictionaries(
    {
        "idle_timeout_enabled": st.booleans(),
        "idle_timeout": minutes,
        "absolute_timeout_enabled": st.booleans(),
        "absolute_timeout": minutes,
        "ended_before": st.none() | minutes,
        "ended_before_reason": st.sampled_from(
            [EndReason.REVOKED_BY_ADMIN, EndReason.REVOKED_BY_OPERATOR]
        ),
    }
)
sessions = st.fixed_dictionaries(
    {
        "started": minutes,
        "signed_in": minutes,
        "seen": minutes | st.just(timedelta(hours=24)),
        "cap": st.none() | st.integers(min_value=-2, max_value=2),
        "tenant": st.booleans(),
        "user_active": st.booleans(),
        "tenant_active": st.booleans(),
        "member": st.sampled_from(["active", "suspended", "none"]),
    }
)


@settings(max_examples=100)
@given(rules=switches, session=sessions)
def test_the_pure_function_and_the_sql_agree(cast, rules, session):
    now = timezone.now()
    tenant = cast.acme if session["tenant"] else None
    set_up(cast, tenant, rules, session, now)
    row = store(cast, tenant, session, now)

    found = find_session(bytes(row.key_hash))
    pure = verdict(found.facts, found.policy, now)

    assert Session.objects.live(now).filter(pk=row.pk).exists() == (pure is None)
    within = {
        one.slug: row in Session.objects.live_within(one, now) for one in (cast.acme, cast.globex)
    }
    assert within == {"acme": tenant is not None and pure is None, "globex": False}
    assert Session.objects.overdue(now).filter(pk=row.pk).exists() == (pure is not None)
    swept = [one for batch in end_overdue(now) for one in batch]
    assert [(one.id, one.reason, one.at) for one in swept] == (
        [(row.pk, pure.reason, pure.at)] if pure else []
    )


def set_up(cast, tenant, rules, session, now):
    Session.objects.all().delete()
    policy = ensure_policy(tenant)
    before = rules["ended_before"]
    SessionPolicy.objects.filter(pk=policy.pk).update(
        **rules | {"ended_before": None if before is None else now - before}
    )
    type(cast.member).objects.filter(pk=cast.member.pk).update(is_active=session["user_active"])
    Tenant.objects.filter(pk=cast.acme.pk).update(is_active=session["tenant_active"])
    Membership.objects.filter(user=cast.member).delete()
    if session["member"] != "none":
        Membership.objects.create(
            user=cast.member, tenant=cast.acme, is_active=session["member"] == "active"
        )


def store(cast, tenant, session, now):
    cap = session["cap"]
    return Session.objects.create(
        key_hash=hash_of("a key"), user=cast.member, tenant=tenant,
        started_at=now - session["started"], authenticated_at=now - session["signed_in"],
        last_seen_at=now - session["seen"],
        expires_at=None if cap is None else now + timedelta(minutes=cap),
    )  # fmt: skip


@pytest.mark.django_db
def test_without_any_policy_row_all_switches_are_off():
    assert not SessionPolicy.objects.exists()
    row = Session.objects.create(key_hash=hash_of("a key"))
    later = row.last_seen_at + timedelta(hours=24)
    assert Session.objects.live(later - timedelta(seconds=1)).filter(pk=row.pk).exists()
    assert not Session.objects.live(later).filter(pk=row.pk).exists()
