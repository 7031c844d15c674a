"""Logging out very many: begun by a request, done after its answer, told on a page."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connections
from django.utils import timezone

from sessions_admin.lifecycle import carry_on_unfinished, mass_ending
from sessions_admin.lifecycle.mass_ending import begin_mass_ending, carry_on
from sessions_admin.models import AuditEvent, MassEnding, Notice, Session
from sessions_admin.models.mass_ending import STALLED_AFTER
from sessions_admin.vocabulary import AuditAction, EndReason
from tests.crowd import crowd
from tests.holdings import hold

URL = "/users/end-sessions/"


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    """And no thread: a test says itself when it goes on."""
    monkeypatch.setattr("sessions_admin.views.users.ending_many.AT_ONCE", 50)
    monkeypatch.setattr(mass_ending, "BATCH", 25)
    monkeypatch.setattr(mass_ending, "BREATH_SECONDS", 0)


@pytest.fixture
def people(acme):
    return crowd(acme, 60, live=2, ended=0)


@pytest.fixture
def asker(browser_of, admin):
    return browser_of(admin)


def log_all_out(asker, count, query="q=person"):
    asked = asker.post(URL, {"matching": query, "ask": "1"})
    [token] = re.findall(r'name="matched" value="([^"]+)"', asked.text)
    answer = {"matched": token, "confirm_count": str(count), "note": "An audit"}
    return asker.post(URL, answer)


def live_of(people) -> int:
    return Session.objects.live().filter(user__in=people).count()


# --- beginning and ending ----------------------------------------------------------------------


def test_few_end_within_the_request(asker, people):
    page = log_all_out(asker, 10, "q=person-00")
    assert page["Location"] == "/users/"
    assert live_of(people[:10]) == 0
    assert not MassEnding.objects.exists()


def test_many_end_after_the_answer(asker, people, admin):
    answer = log_all_out(asker, 60)
    [ending] = MassEnding.objects.all()
    assert answer["Location"] == f"/users/endings/{ending.pk}/"
    assert (ending.people, ending.done, ending.asked_by) == (60, 0, admin)
    assert carry_on_unfinished() == 120
    assert live_of(people) == 0
    ended = Session.objects.ended().filter(user__in=people)
    assert {(one.end_reason, one.ended_by, one.end_note) for one in ended} == {
        (EndReason.REVOKED_BY_ADMIN, admin, "An audit")
    }
    ending.refresh_from_db()
    assert (ending.done, ending.ended, bytes(ending.user_ids)) == (60, 120, b"")
    assert ending.finished_at is not None


def test_each_ending_is_in_the_log_and_each_person_is_told_once(asker, people, admin):
    log_all_out(asker, 60)
    carry_on_unfinished()
    events = AuditEvent.objects.filter(action=AuditAction.SESSION_ENDED, user_id__in=people)
    assert events.count() == 120
    assert set(events.values_list("actor_id", flat=True)) == {admin.pk}
    assert len({one.session_id for one in events}) == 120
    told = Notice.objects.filter(user__in=people)
    assert told.count() == 60
    assert {one.data["count"] for one in told} == {2}


def test_who_was_selected_by_hand_goes_the_same_way(asker, people):
    selected = {"user": [one.pk for one in people[:30]], "confirm_count": "30"}
    answer = asker.post(URL, selected)
    [ending] = MassEnding.objects.all()
    assert answer["Location"] == f"/users/endings/{ending.pk}/"
    carry_on_unfinished()
    assert live_of(people[:30]) == 0
    assert live_of(people[30:]) == 60


def test_it_spares_the_session_that_asks_later_ones_and_other_tenants(
    asker, people, admin, contractor, acme, globex
):
    here, elsewhere = hold(contractor, acme), hold(contractor, globex)
    log_all_out(asker, 65, "")
    later = hold(people[0], acme, age=timedelta(seconds=-1), idle=timedelta())
    carry_on_unfinished()
    for session, is_live in [(here, False), (elsewhere, True), (later, True)]:
        session.refresh_from_db()
        assert (session.ended_at is None) == is_live
    assert asker.session_row.ended_at is None
    assert live_of(people) == 1


def test_a_filter_that_finds_others_by_now_changes_nothing(asker, people, acme):
    """Who is signed in, is not when their first batch is done: the people are fixed."""
    log_all_out(asker, 61, "state=signed_in")
    carry_on_unfinished()
    assert live_of(people) == 0


# --- dying in the middle -----------------------------------------------------------------------


def stop_after(batches):
    """For `stopped`: True from then on."""
    asked = iter(range(batches))
    return lambda: next(asked, None) is None


def test_it_goes_on_where_it_stopped(asker, people):
    log_all_out(asker, 60)
    [ending] = MassEnding.objects.all()
    assert carry_on(ending.pk, stop_after(1)) == 50
    ending.refresh_from_db()
    assert (ending.done, ending.finished_at) == (25, None)
    assert live_of(people) == 70
    assert carry_on(ending.pk) == 70
    assert carry_on(ending.pk) == 0


def test_what_fails_leaves_the_batch_for_the_next(asker, people, monkeypatch):
    log_all_out(asker, 60)
    [ending] = MassEnding.objects.all()
    carry_on(ending.pk, stop_after(1))

    def fail(*_args, **_facts):
        raise DatabaseError

    with monkeypatch.context() as broken:
        broken.setattr(mass_ending, "end_sessions", fail)
        with pytest.raises(DatabaseError):
            carry_on(ending.pk)
    ending.refresh_from_db()
    assert (ending.done, ending.ended) == (25, 50)
    assert carry_on(ending.pk) == 70


def test_a_sweep_finishes_it_and_counts_it(asker, people):
    log_all_out(asker, 60)
    output = StringIO()
    call_command("sweep_sessions", stdout=output)
    assert output.getvalue() == "Ended 120 sessions: revoked_by_admin 120.\n"
    assert live_of(people) == 0


def test_it_ends_although_who_asked_is_gone(asker, people, admin):
    log_all_out(asker, 60)
    MassEnding.objects.update(asked_by=None)
    assert carry_on_unfinished() == 120


@pytest.mark.django_db(transaction=True)
def test_it_begins_by_itself_after_the_commit(people, acme, admin):
    ids = [one.pk for one in people]
    ending = begin_mass_ending(
        acme, ids, started_by=timezone.now(), spared=None, actor=admin, note="By itself"
    )
    [thread] = [one for one in threading.enumerate() if str(ending.pk) in one.name]
    thread.join(timeout=30)
    ending.refresh_from_db()
    assert ending.finished_at is not None
    assert live_of(people) == 0


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_several_at_once_end_each_session_once(people, acme, admin, monkeypatch):
    monkeypatch.setattr(mass_ending, "BATCH", 3)
    monkeypatch.setattr(mass_ending, "_carry_on_alone", lambda _ending_id: None)
    ids = [one.pk for one in people]
    ending = begin_mass_ending(acme, ids, started_by=timezone.now(), spared=None, actor=admin)
    start = threading.Barrier(4)

    def sweep(_number):
        start.wait()
        try:
            return carry_on(ending.pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        ended = sum(pool.map(sweep, range(4)))
    # Whoever found it held has left it to the others, so somebody has done it all.
    ending.refresh_from_db()
    assert (ended, ending.done, ending.ended) == (120, 60, 120)
    events = AuditEvent.objects.filter(action=AuditAction.SESSION_ENDED, user_id__in=ids)
    assert events.count() == 120


# --- its page ----------------------------------------------------------------------------------


@pytest.fixture
def ending(asker, people):
    log_all_out(asker, 60)
    [ending] = MassEnding.objects.all()
    carry_on(ending.pk, stop_after(1))
    return ending


def test_the_page_says_how_far_it_is(asker, ending):
    page = asker.get(f"/users/endings/{ending.pk}/").text
    assert '<progress max="60" value="25"' in page
    assert "41 %" in page
    assert "25 of 60 people are logged out." in page
    assert "50 sessions ended." in page
    assert 'hx-trigger="every 1s"' in page


def test_it_says_when_it_is_done_and_asks_no_more(asker, ending):
    carry_on_unfinished()
    page = asker.get(f"/users/endings/{ending.pk}/").text
    assert "Done." in page
    assert "120 sessions ended." in page
    assert "hx-trigger" not in page


def test_it_says_so_when_nobody_is_at_it(asker, ending):
    MassEnding.objects.update(moved_at=timezone.now() - STALLED_AFTER - timedelta(seconds=1))
    assert "It was interrupted" in asker.get(f"/users/endings/{ending.pk}/").text


def test_with_htmx_it_is_the_part_that_changes(asker, ending):
    ask = {"headers": {"HX-Request": "true", "X-Latchkey-Passive": "1"}}
    part = asker.get(f"/users/endings/{ending.pk}/?said=30", **ask).text
    assert "<html" not in part
    assert "40 % are logged out." in part  # told once
    assert (
        "are logged out.</div>" not in asker.get(f"/users/endings/{ending.pk}/?said=40", **ask).text
    )


def test_the_list_leads_to_it_until_it_is_done(asker, ending):
    assert "A log-out goes on: 25 of 60 people." in asker.get("/users/").text
    carry_on_unfinished()
    assert "A log-out goes on" not in asker.get("/users/").text


def test_it_is_for_who_ends_sessions_in_this_tenant(browser_of, cast, ending):
    path = f"/users/endings/{ending.pk}/"
    unknown = f"/users/endings/{ending.tenant_id}/"
    assert browser_of().get(path)["Location"].startswith("/accounts/login/")
    assert browser_of(cast.auditor).get(path).status_code == 403
    assert "A log-out goes on" not in browser_of(cast.auditor).get("/users/").text
    outsider = browser_of(cast.outsider)
    assert outsider.get(path).status_code == outsider.get(unknown).status_code == 404
    assert "A log-out goes on" not in outsider.get("/users/").text
    assert browser_of(cast.admin).post(path).status_code == 405


def test_the_section_hides_it(asker, ending, acme):
    acme.sections -= {"users"}
    acme.save()
    assert asker.get(f"/users/endings/{ending.pk}/").status_code == 404


def test_it_is_forgotten_with_the_history(ending):
    carry_on_unfinished()
    MassEnding.objects.update(finished_at=timezone.now() - timedelta(days=400))
    call_command("prune_history", stdout=StringIO())
    assert not MassEnding.objects.exists()
