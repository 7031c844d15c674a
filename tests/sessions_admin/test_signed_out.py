"""/signed-out/: why, when, by whom, and what to do next."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.people import disable_user
from sessions_admin.lifecycle import end_everything, end_sessions
from sessions_admin.models import Session
from sessions_admin.vocabulary import EndReason
from tenants.belonging import suspend_membership, suspend_tenant


@pytest.fixture
def firefox(browser_of, member):
    return browser_of(member)


def shut_out(firefox, reason, actor=None, note=""):
    these = Session.objects.filter(pk=firefox.session_row.pk)
    assert end_sessions(these, reason=reason, actor=actor, note=note)


def told(firefox, query=""):
    response = firefox.get(f"/signed-out/{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_a_visitor_is_simply_signed_out(client, db):
    text = told(client)
    assert "You are signed out" in text
    assert "Sign in again" in text


def test_after_logging_out_there_is_nothing_to_explain(firefox):
    response = firefox.post("/accounts/logout/")
    assert response.url == "/signed-out/"
    assert "You are signed out" in told(firefox)


def test_the_next_page_leads_there(firefox, admin):
    shut_out(firefox, EndReason.REVOKED_BY_ADMIN, admin)
    response = firefox.get("/sessions/?show=new")
    assert response.url == "/signed-out/?next=%2Fsessions%2F%3Fshow%3Dnew"
    text = told(firefox, "?next=%2Fsessions%2F%3Fshow%3Dnew")
    assert 'href="/accounts/login/?next=%2Fsessions%2F%3Fshow%3Dnew"' in text


@pytest.mark.parametrize("url", ["https://evil.test/", "//evil.test", "javascript:alert(1)"])
def test_it_leads_nowhere_else(client, db, url):
    text = told(client, f"?next={url}")
    assert "evil" not in text
    assert "javascript:" not in text


def test_it_names_the_administrator_and_the_note(firefox, admin):
    shut_out(firefox, EndReason.REVOKED_BY_ADMIN, admin, "Lost <laptop>")
    text = told(firefox)
    assert "An administrator logged you out" in text
    assert "Ann Lee, an administrator of Acme, ended this session." in text
    assert "Lost &lt;laptop&gt;" in text
    assert "Firefox 145 on Linux" in text


def test_it_does_not_name_an_operator(firefox, operator):
    shut_out(firefox, EndReason.REVOKED_BY_OPERATOR, operator)
    text = told(firefox)
    assert "A Latchkey operator ended this session." in text
    assert "Olga" not in text


def test_it_does_not_name_somebody_of_another_tenant(firefox, outsider):
    shut_out(firefox, EndReason.REVOKED_BY_ADMIN, outsider)
    text = told(firefox)
    assert "An administrator ended this session." in text
    assert "Eve" not in text


def test_it_says_which_of_ones_sessions_did_it(firefox, browser_of, member):
    other = browser_of(member)
    other.post(f"/sessions/{firefox.session_row.pk}/end/")
    text = told(firefox)
    assert "You ended it from Firefox 145 on Linux." in text
    assert "change your password" in text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (EndReason.LOGGED_OUT, "You logged out of this session."),
        (EndReason.REVOKED_BY_USER, "another session of yours"),
        (EndReason.CONCURRENCY_LIMIT, "Acme limits how many sessions"),
        (EndReason.CREDENTIAL_CHANGED, "Your password or two-step sign-in was changed"),
        (EndReason.TENANT_SWITCHED, "another tenant"),
        (EndReason.RISK_DETECTED, "did not look like you"),
        (EndReason.TOKEN_REUSE, "used twice"),
        (EndReason.API_REQUEST, "An application ended this session"),
        (EndReason.SUPPORT_ENDED, "The support session is over"),
    ],
)
def test_it_has_words_for_every_reason(firefox, reason, words):
    shut_out(firefox, reason)
    assert words in told(firefox)


@pytest.mark.parametrize("reason", EndReason)
def test_no_reason_leaves_a_gap(firefox, reason):
    shut_out(firefox, reason)
    text = told(firefox)
    assert "%(" not in text
    assert "None" not in text


def test_it_says_how_long_one_was_away(firefox, policy_of, acme):
    policy_of(acme, idle_timeout_enabled=True, idle_timeout=timedelta(minutes=30))
    ago = timezone.now() - timedelta(hours=2)
    Session.objects.update(started_at=ago, authenticated_at=ago, last_seen_at=ago)
    assert firefox.get("/sessions/").url.startswith("/signed-out/")
    assert "Acme ends sessions that are not used for 30 min." in told(firefox)


def test_it_says_when_a_new_sign_in_is_due(firefox, policy_of, acme):
    policy_of(acme, absolute_timeout_enabled=True, absolute_timeout=timedelta(days=14))
    ago = timezone.now() - timedelta(days=15)
    Session.objects.update(started_at=ago, authenticated_at=ago)
    assert "Acme asks for a new sign-in after 14 days" in told(firefox)


def test_it_tells_a_disabled_person(firefox, member, admin):
    disable_user(member, actor=admin, note="Left the company")
    text = told(firefox)
    assert "Your account is disabled" in text
    assert "Ann Lee, an administrator of Acme, disabled your account." in text
    assert "Left the company" in text
    assert "An administrator can let you in again." in text


def test_it_tells_a_former_member(firefox, member, admin):
    suspend_membership(member.memberships.get(), actor=admin)
    assert "You no longer belong to Acme" in told(firefox)


def test_it_tells_of_a_suspended_tenant(firefox, acme, operator):
    suspend_tenant(acme, actor=operator)
    assert "Acme is suspended" in told(firefox)


def test_it_tells_of_an_end_of_everything(firefox, acme, operator):
    end_everything(acme, reason=EndReason.REVOKED_BY_OPERATOR, actor=operator)
    assert "A Latchkey operator ended this session." in told(firefox)


def test_times_are_the_persons(firefox, member):
    type(member).objects.filter(pk=member.pk).update(time_zone="Asia/Tokyo")
    shut_out(firefox, EndReason.API_REQUEST)
    assert "JST" in told(firefox)


def test_it_never_shows_a_key_or_the_address(firefox, member, admin):
    shut_out(firefox, EndReason.REVOKED_BY_ADMIN, admin)
    text = told(firefox)
    assert firefox.cookies["latchkey"].value not in text
    assert member.email not in text


def test_it_can_be_read_again(firefox, admin):
    shut_out(firefox, EndReason.REVOKED_BY_ADMIN, admin)
    for _again in range(2):
        assert "Ann Lee, an administrator of Acme, ended this session." in told(firefox)


def test_who_is_signed_in_goes_on(firefox):
    assert "You are signed in" in told(firefox)
    assert 'href="/sessions/"' in told(firefox)
    assert 'href="/profile/"' in told(firefox, "?next=/profile/")


def test_it_is_for_reading(client, db):
    assert client.post("/signed-out/").status_code == 405


def test_it_costs_two_statements(firefox, admin, django_assert_num_queries):
    shut_out(firefox, EndReason.REVOKED_BY_ADMIN, admin)
    with django_assert_num_queries(2):
        told(firefox)
