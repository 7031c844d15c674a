"""/tenants/: choosing and switching the tenant that the session is in."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages

from sessions_admin.models import Session
from sessions_admin.vocabulary import AtLimit, EndReason
from tests.holdings import hold


@pytest.fixture
def firefox(browser_of, contractor):
    return browser_of(contractor)


def enter(firefox, tenant, **fields):
    return firefox.post("/tenants/", {"tenant": tenant.pk, **fields})


def test_a_visitor_signs_in_first(client, db):
    assert client.get("/tenants/").url.startswith("/accounts/login/")


def test_who_belongs_to_several_is_asked_after_the_sign_in(browser_of, contractor):
    response = browser_of().sign_in(contractor)
    assert response.url == "/tenants/?next=%2Fsessions%2F"


def test_it_lists_the_tenants_of_the_person(firefox, member, browser_of):
    text = firefox.get("/tenants/").content.decode()
    assert "Acme" in text
    assert "Globex" in text
    assert "Globex" not in browser_of(member).get("/tenants/").content.decode()


def test_choosing_moves_the_session_under_a_new_key(firefox, acme):
    before = firefox.session_row
    response = enter(firefox, acme)
    assert response.url == "/sessions/"
    after = firefox.session_row
    assert after.pk == before.pk
    assert after.tenant_id == acme.pk
    assert bytes(after.key_hash) != bytes(before.key_hash)
    assert [str(m) for m in get_messages(response.wsgi_request)] == ["You are in Acme now."]


def test_it_marks_where_one_is(firefox, acme):
    enter(firefox, acme)
    assert "You are here" in firefox.get("/tenants/").content.decode()


def test_switching_leaves_a_record_in_the_tenant_left(firefox, acme, globex, contractor):
    enter(firefox, acme)
    enter(firefox, globex)
    record = Session.objects.ended().get(user=contractor, tenant=acme)
    assert record.end_reason == EndReason.TENANT_SWITCHED
    assert "Went on in another tenant" in firefox.get("/sessions/").content.decode()


def test_it_goes_on_where_one_wanted_to_go(firefox, acme):
    assert enter(firefox, acme, next="/users/?q=x").url == "/users/?q=x"


@pytest.mark.parametrize("url", ["https://evil.test/", "//evil.test", "javascript:alert(1)"])
def test_it_goes_nowhere_else(firefox, acme, url):
    assert enter(firefox, acme, next=url).url == "/sessions/"


@pytest.mark.parametrize("tenant", ["nonsense", "", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_tenant_does_not_exist(firefox, tenant):
    assert firefox.post("/tenants/", {"tenant": tenant}).status_code == 404


def test_another_tenant_does_not_exist(browser_of, member, globex):
    assert enter(browser_of(member), globex).status_code == 404


def test_a_stricter_tenant_asks_for_a_new_sign_in(firefox, globex, policy_of):
    policy_of(globex, absolute_timeout_enabled=True, absolute_timeout=timedelta(hours=1))
    row = firefox.session_row
    Session.objects.filter(pk=row.pk).update(
        authenticated_at=row.authenticated_at - timedelta(hours=2)
    )
    response = enter(firefox, globex)
    assert response.url == "/tenants/"
    assert "Globex asks for a new sign-in" in firefox.get("/tenants/").content.decode()


def test_a_full_tenant_says_what_to_do(firefox, contractor, globex, policy_of):
    policy_of(globex, max_live_sessions_enabled=True, max_live_sessions=1, at_limit=AtLimit.DENY)
    hold(contractor, globex)
    assert enter(firefox, globex).url == "/tenants/"
    assert "Log out of another one there first" in firefox.get("/tenants/").content.decode()


def test_who_belongs_nowhere_is_told(browser_of, operator):
    assert "You belong to no tenant" in browser_of(operator).get("/tenants/").content.decode()


def test_it_takes_no_other_method(firefox):
    assert firefox.put("/tenants/").status_code == 405
