"""Disabling, suspending and removing end the right sessions, and no others, for good."""

import pytest

from accounts.people import disable_user, enable_user
from sessions_admin.lifecycle import end_everything, end_sessions
from sessions_admin.models import AuditEvent, Session
from sessions_admin.vocabulary import AuditAction, EndReason
from tenants.belonging import remove_membership, suspend_membership, suspend_tenant


@pytest.fixture
def in_acme(cast, browser_of):
    browser = browser_of(cast.contractor)
    browser.post("/tenants/", {"tenant": str(cast.acme.pk)})
    return browser


@pytest.fixture
def in_globex(cast, browser_of):
    browser = browser_of(cast.contractor)
    browser.post("/tenants/", {"tenant": str(cast.globex.pk)})
    return browser


def is_in(browser) -> bool:
    return browser.get("/profile/").status_code == 200


def membership(cast, tenant):
    return cast.contractor.memberships.get(tenant=tenant)


def test_disabling_a_person_ends_all_their_sessions(cast, in_acme, in_globex, browser_of):
    member = browser_of(cast.member)
    assert disable_user(cast.contractor, actor=cast.operator, note="left")
    assert not is_in(in_acme)
    assert not is_in(in_globex)
    assert is_in(member)
    row = in_acme.session_row
    assert (row.end_reason, row.ended_by, row.end_note) == (
        EndReason.USER_DISABLED, cast.operator, "left",
    )  # fmt: skip
    assert not disable_user(cast.contractor, actor=cast.operator)


def test_enabling_brings_no_session_back(cast, in_acme):
    disable_user(cast.contractor, actor=None)
    enable_user(cast.contractor)
    assert not is_in(in_acme)


@pytest.mark.parametrize("take_away", [suspend_membership, remove_membership])
def test_losing_a_membership_ends_the_sessions_there(cast, in_acme, in_globex, take_away):
    take_away(membership(cast, cast.acme), actor=cast.owner)
    assert not is_in(in_acme)
    assert is_in(in_globex)
    assert in_acme.session_row.end_reason == EndReason.MEMBERSHIP_REMOVED


def test_suspending_a_tenant_ends_its_sessions(cast, in_acme, in_globex):
    suspend_tenant(cast.acme, actor=cast.operator)
    assert not is_in(in_acme)
    assert is_in(in_globex)
    assert in_acme.session_row.end_reason == EndReason.TENANT_SUSPENDED


def test_a_suspended_tenant_is_no_choice(cast, in_globex):
    suspend_tenant(cast.acme, actor=cast.operator)
    assert in_globex.post("/tenants/", {"tenant": str(cast.acme.pk)}).status_code == 404


def test_ending_everything_of_a_tenant_spares_the_others(cast, in_acme, in_globex, browser_of):
    owner = browser_of(cast.owner)
    closed = end_everything(
        cast.acme, reason=EndReason.REVOKED_BY_OPERATOR, actor=cast.operator, note="leak"
    )
    assert closed == 2
    assert not is_in(in_acme)
    assert not is_in(owner)
    assert is_in(in_globex)
    assert in_acme.session_row.ended_by == cast.operator
    assert is_in(browser_of(cast.owner))


def test_ending_everything_bites_before_the_rows_are_closed(cast, in_acme, policy_of):
    """The epoch alone ends access; who did it is told all the same."""
    row = in_acme.session_row
    policy_of(
        cast.acme, ended_before=row.started_at.replace(year=row.started_at.year + 1),
        ended_before_reason=EndReason.REVOKED_BY_ADMIN, ended_before_by=cast.owner,
    )  # fmt: skip
    assert not is_in(in_acme)
    row.refresh_from_db()
    assert (row.end_reason, row.ended_by) == (EndReason.REVOKED_BY_ADMIN, cast.owner)


def test_many_sessions_end_in_few_statements(cast, django_assert_max_num_queries):
    Session.objects.bulk_create(Session(user=cast.member, tenant=cast.acme) for _ in range(3000))
    with django_assert_max_num_queries(5):  # the savepoint's two, rows, audit, one notice
        ended = end_sessions(
            Session.objects.of(cast.member), reason=EndReason.REVOKED_BY_ADMIN, actor=cast.admin
        )
    assert len(ended) == 3000
    assert AuditEvent.objects.filter(action=AuditAction.SESSION_ENDED).count() == 3000
