"""The platform's rules: of people without a tenant, and the start of a new tenant's."""

from datetime import timedelta

from sessions_admin.lifecycle.ending import ensure_policy
from sessions_admin.models import Session, SessionPolicy
from sessions_admin.vocabulary import EndReason
from tenants.belonging import create_tenant


def test_a_new_tenant_starts_with_the_platforms_rules(db, policy_of):
    policy_of(None, idle_timeout_enabled=True, idle_timeout=timedelta(minutes=42))
    tenant = create_tenant("Initech", "initech")
    policy = SessionPolicy.objects.get(tenant=tenant)
    assert (policy.idle_timeout_enabled, policy.idle_timeout) == (True, timedelta(minutes=42))
    assert policy.pk == tenant.pk


def test_changing_the_platforms_rules_changes_no_tenants(cast, policy_of):
    before = ensure_policy(cast.acme).rules()
    policy_of(None, idle_timeout_enabled=True, idle_timeout=timedelta(minutes=5))
    assert ensure_policy(cast.acme).rules() == before


def test_an_operator_without_a_tenant_lives_by_the_platforms_rules(cast, browser_of, policy_of):
    policy_of(None, idle_timeout_enabled=True, idle_timeout=timedelta(minutes=5))
    browser = browser_of(cast.operator)
    row = browser.session_row
    assert row.tenant is None
    Session.objects.filter(pk=row.pk).update(last_seen_at=row.last_seen_at - timedelta(minutes=5))
    assert browser.get("/profile/").headers["Location"].startswith("/signed-out/")
    row.refresh_from_db()
    assert row.end_reason == EndReason.IDLE_TIMEOUT
