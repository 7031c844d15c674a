"""/settings/sessions: the same form, limits and effects as the page."""

from datetime import timedelta

import pytest

from sessions_admin.models import AuditEvent, SessionPolicy
from sessions_admin.session_settings.form import SettingsForm
from tests.api.conftest import code_of
from tests.holdings import hold

HERE = "/settings/sessions"
HALF_AN_HOUR = {
    "idle_timeout_enabled": True, "idle_timeout_value": 30, "idle_timeout_unit": "minutes",
}  # fmt: skip


def test_it_reads_every_field_of_the_form(key_of):
    response = key_of().read(HERE)
    assert set(response.json()) == set(SettingsForm.base_fields)
    assert response.headers["ETag"].startswith('"')


def test_it_changes_what_is_given_and_keeps_the_rest(key_of, cast, policy_of):
    policy_of(cast.acme, max_live_sessions_enabled=True, max_live_sessions=7)
    answer = key_of().patch(HERE, HALF_AN_HOUR).json()
    assert answer["settings"]["idle_timeout_value"] == 30
    policy = SessionPolicy.objects.get(pk=cast.acme.pk)
    assert (policy.idle_timeout_enabled, policy.idle_timeout) == (True, timedelta(minutes=30))
    assert (policy.max_live_sessions_enabled, policy.max_live_sessions) == (True, 7)


def test_it_ends_what_is_not_allowed_any_more(key_of, cast, live):
    idle = hold(cast.member, cast.acme, idle=timedelta(minutes=40))
    fresh = hold(cast.member, cast.acme, idle=timedelta(minutes=2))
    program = key_of()
    preview = program.post(f"{HERE}/preview", HALF_AN_HOUR).json()
    assert (preview["ending"], preview["reasons"]) == (1, {"idle_timeout": 1})
    assert (preview["sessions"], preview["people"]) == (2, 1)
    assert live(idle, fresh)
    answer = program.patch(HERE, HALF_AN_HOUR).json()
    assert (answer["ended"], answer["reasons"]) == (1, {"idle_timeout": 1})
    assert live(fresh)
    assert not live(idle)
    event = AuditEvent.objects.get(action="policy.changed")
    assert event.data["via"] == "API key “nightly”"
    assert event.data["effect"]["ended"] == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"idle_timeout_enabled": True, "idle_timeout_value": 1, "idle_timeout_unit": "minutes"},
         "idle_timeout_value"),
        ({"max_live_sessions_enabled": True, "max_live_sessions": 0}, "max_live_sessions"),
        ({"max_live_sessions": -(10**30)}, "max_live_sessions"),
        ({"at_limit": "explode"}, "at_limit"),
        ({"idle_timeout_enabled": "perhaps"}, "idle_timeout_enabled"),
        ({"ended_before": None}, "ended_before"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["PATCH", "POST"])
def test_it_refuses_what_the_form_refuses(key_of, cast, change, field, method):
    before = SessionPolicy.objects.filter(pk=cast.acme.pk).values().first()
    path = HERE if method == "PATCH" else f"{HERE}/preview"
    response = key_of().call(method, path, change)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == f"/{field}"
    assert SessionPolicy.objects.filter(pk=cast.acme.pk).values().first() == before


def test_if_match_holds_two_editors_apart(key_of):
    program, other = key_of(), key_of(name="other")
    etag = program.read(HERE).headers["ETag"]
    changed = other.patch(HERE, HALF_AN_HOUR, **{"if-match": etag})
    assert changed.status_code == 200
    late = program.patch(HERE, {"idle_timeout_enabled": False}, **{"if-match": etag})
    assert late.status_code == 412
    assert code_of(late) == "precondition_failed"
    assert late.headers["ETag"] == changed.headers["ETag"] == program.read(HERE).headers["ETag"]
    assert program.patch(HERE, {}, **{"if-match": late.headers["ETag"]}).status_code == 200
    assert program.patch(HERE, {}, **{"if-match": "*"}).status_code == 200


def test_a_shorter_relogin_takes_refresh_tokens_along(key_of, cast, policy_of):
    """As the page that leaves the field out: nothing outlives what contains it."""
    policy_of(cast.acme, refresh_token_lifetime=timedelta(days=30))
    change = {"absolute_timeout_enabled": True, "absolute_timeout_value": 7,
              "absolute_timeout_unit": "days"}  # fmt: skip
    answer = key_of().patch(HERE, change).json()
    assert answer["settings"]["refresh_token_lifetime"] == 7 * 24


def test_reading_needs_less_than_changing(key_of, cast):
    program = key_of(cast.acme, "session_settings.view")
    assert program.read(HERE).status_code == 200
    response = program.patch(HERE, HALF_AN_HOUR)
    assert response.status_code == 403
    assert response.json()["permission"] == "session_settings.edit"


def test_saving_is_activity_of_the_page_that_saves(page_of_portal, cast, live):
    page = page_of_portal(cast.owner)
    page.handler.enforce_csrf_checks = False
    type(page.own).objects.filter(pk=page.own.pk).update(
        last_seen_at=page.own.last_seen_at - timedelta(minutes=40)
    )
    assert page.patch(HERE, HALF_AN_HOUR).json()["ended"] == 0
    assert live(page.own)
