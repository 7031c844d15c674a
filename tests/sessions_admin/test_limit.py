"""The limit holds for every road to login(), whatever the interleaving."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.base import UpdateError
from django.db import connection, connections
from django.test import RequestFactory

from sessions_admin.engine import SessionStore
from sessions_admin.models import AuditEvent, LoginAttempt, Session
from sessions_admin.policy import LimitReachedError
from sessions_admin.vocabulary import AtLimit, AuditAction, EndReason, LoginOutcome

SIGN_INS = 200
THREADS = 16
LIMIT = 3


def sign_in(user) -> bool:
    """By login(), as every road does; False when the limit refuses."""
    request = RequestFactory().post("/")
    request.session = SessionStore()
    try:
        login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
        request.session.save()
    except LimitReachedError:
        return False
    except UpdateError:
        return True  # it was in, and a later one has ended it already
    return True


def limited(policy_of, tenant, at_limit, maximum=LIMIT):
    policy_of(tenant, max_live_sessions_enabled=True, max_live_sessions=maximum, at_limit=at_limit)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("at_limit", list(AtLimit))
def test_parallel_sign_ins_never_leave_too_many(cast, policy_of, at_limit):
    limited(policy_of, cast.acme, at_limit)
    most = 0

    def one(_: int) -> bool:
        nonlocal most
        try:
            done = sign_in(cast.member)
            most = max(most, Session.objects.live().of(cast.member).count())
        finally:
            connections.close_all()
        return done

    with ThreadPoolExecutor(THREADS) as pool:
        entered = sum(pool.map(one, range(SIGN_INS)))

    assert most == LIMIT
    assert Session.objects.live().of(cast.member).count() == LIMIT
    ends_others = at_limit in {AtLimit.END_OLDEST, AtLimit.END_LEAST_RECENTLY_USED}
    assert entered == (SIGN_INS if ends_others else LIMIT)
    assert Session.objects.ended().of(cast.member).count() == entered - LIMIT
    ended = AuditEvent.objects.filter(action=AuditAction.SESSION_ENDED)
    assert ended.count() == entered - LIMIT


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("at_limit", "leaves"),
    [(AtLimit.END_OLDEST, "first"), (AtLimit.END_LEAST_RECENTLY_USED, "second")],
)
def test_it_ends_the_one_that_the_policy_names(cast, browser_of, policy_of, at_limit, leaves):
    limited(policy_of, cast.acme, at_limit, maximum=2)
    browsers = {"first": browser_of(cast.member), "second": browser_of(cast.member)}
    rows = {name: browser.session_row for name, browser in browsers.items()}
    Session.objects.filter(pk=rows["first"].pk).update(last_seen_at=rows["second"].last_seen_at)
    Session.objects.filter(pk=rows["second"].pk).update(last_seen_at=rows["first"].last_seen_at)
    browser_of(cast.member)
    for name, row in rows.items():
        row.refresh_from_db()
        assert row.end_reason == (EndReason.CONCURRENCY_LIMIT if name == leaves else "")


@pytest.mark.django_db
@pytest.mark.parametrize("at_limit", [AtLimit.DENY, AtLimit.ASK])
def test_it_refuses_and_leaves_nothing_behind(cast, browser_of, policy_of, at_limit):
    limited(policy_of, cast.acme, at_limit, maximum=1)
    first = browser_of(cast.member)
    assert not sign_in(cast.member)
    assert list(Session.objects.live().of(cast.member)) == [first.session_row]
    assert LoginAttempt.objects.filter(outcome=LoginOutcome.DENIED, user=cast.member).count() == 1
    assert AuditEvent.objects.filter(action=AuditAction.LOGIN_DENIED).count() == 1


@pytest.mark.django_db
def test_a_sign_in_again_needs_no_room(cast, browser_of, policy_of):
    limited(policy_of, cast.acme, AtLimit.DENY, maximum=1)
    browser = browser_of(cast.member)
    browser.force_login(cast.member, backend=settings.AUTHENTICATION_BACKENDS[0])
    assert browser.get("/profile/").status_code == 200


@pytest.mark.django_db
def test_the_limit_of_one_tenant_is_not_that_of_another(cast, browser_of, policy_of):
    limited(policy_of, cast.acme, AtLimit.END_OLDEST, maximum=1)
    here, there = browser_of(cast.contractor), browser_of(cast.contractor)
    here.post("/tenants/", {"tenant": str(cast.acme.pk)})
    there.post("/tenants/", {"tenant": str(cast.globex.pk)})
    assert here.get("/profile/").status_code == there.get("/profile/").status_code == 200
    there.post("/tenants/", {"tenant": str(cast.acme.pk)})
    assert there.get("/profile/").status_code == 200
    assert here.get("/profile/").status_code == 302


@pytest.mark.django_db
def test_a_sign_in_costs_few_statements(cast, policy_of, django_assert_max_num_queries):
    limited(policy_of, cast.acme, AtLimit.END_OLDEST)
    with django_assert_max_num_queries(12 + LOOKING + transaction_statements()):
        sign_in(cast.member)


# Looking at who comes: the device, three for what the detectors want to know, the device again,
# in a savepoint.
LOOKING = 5 + 2


def transaction_statements() -> int:
    """SAVEPOINT and RELEASE of the birth, inside the test's own transaction."""
    return 2 if connection.in_atomic_block else 0
