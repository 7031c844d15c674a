"""/sessions: finding the tenant's live sessions, and ending them one, many, all, or by query."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from sessions_admin import bulk_ending
from sessions_admin.models import AuditEvent, EndingPreview, Session
from sessions_admin.vocabulary import EndReason, Kind
from tenants.models import Group
from tests.api.conftest import Program, code_of
from tests.holdings import BERLIN, CHROME_WINDOWS, LYON, SAFARI_IPHONE, hold

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def ids(response) -> set[str]:
    assert response.status_code == 200, response.content
    return {one["id"] for one in response.json()["items"]}


def previewed(program, **query):
    response = program.post("/sessions/end-by-query", {"query": query, "dry_run": True})
    assert response.status_code == 200, response.content
    return response.json()


def carried_out(program, snapshot, note="", **query):
    body = {"query": query, "snapshot": snapshot, "note": note}
    return program.post("/sessions/end-by-query", body)


@pytest.fixture
def crowd(cast) -> dict[str, Session]:
    return {
        "lyon": hold(cast.member, cast.acme, place=LYON, ip="192.0.2.7", age=3 * DAY,
                     idle=5 * HOUR, agent=SAFARI_IPHONE),
        "berlin": hold(cast.admin, cast.acme, place=BERLIN, ip="2001:db8::7", amr="pwd otp", aal=2,
                       agent=CHROME_WINDOWS),
        "app": hold(cast.auditor, cast.acme, ip=None, kind=Kind.APP, asn=64496),
        "ended": hold(cast.member, cast.acme, ended_at=timezone.now(), end_reason="logged_out"),
        "overdue": hold(cast.member, cast.acme, age=3 * DAY, idle=2 * DAY),
        "foreign": hold(cast.outsider, cast.globex, place=LYON, ip="192.0.2.7"),
    }  # fmt: skip


CRITERIA = [
    ({}, {"lyon", "berlin", "app"}),
    ({"country": "fr"}, {"lyon"}),
    ({"network": "192.0.2.0/24"}, {"lyon"}),
    ({"network": "192.0.2.99/24"}, {"lyon"}),
    ({"network": "192.0.2.7"}, {"lyon"}),
    ({"network": "192.0.3.0/24"}, set()),
    ({"network": "2001:db8::/32"}, {"berlin"}),
    ({"network": "0.0.0.0/0"}, {"lyon"}),
    ({"network": "AS64496"}, {"app"}),
    ({"network": "as64497"}, set()),
    ({"device": "safari"}, {"lyon"}),
    ({"device": "windows"}, {"berlin"}),
    ({"device_type": "phone"}, {"lyon"}),
    ({"idle_longer_than": 4 * 3600}, {"lyon"}),
    ({"idle_longer_than": 60}, {"lyon", "berlin", "app"}),
    ({"started_before": "{yesterday}"}, {"lyon"}),
    ({"method": "otp"}, {"berlin"}),
    ({"method": "pwd"}, {"lyon", "berlin", "app"}),
    ({"method": "ot"}, set()),
    ({"kind": "app"}, {"app"}),
    ({"group": "Administrators"}, {"berlin"}),
    ({"group": "administrators"}, set()),
    ({"country": "DE", "method": "otp"}, {"berlin"}),
    ({"country": "DE", "device": "safari"}, set()),
]


def in_one_order(value: dict | set) -> str:
    """Two workers must name a case alike, and a set has no order."""
    return str(value) if isinstance(value, dict) else str(sorted(value))


@pytest.mark.parametrize(("query", "expected"), CRITERIA, ids=in_one_order)
def test_it_finds_by_what_sessions_are_like(key_of, crowd, query, expected):
    program = key_of()
    yesterday = (timezone.now() - DAY).isoformat().replace("+", "%2B")
    address = "&".join(
        f"{name}={str(value).format(yesterday=yesterday)}" for name, value in query.items()
    )
    found = ids(program.read(f"/sessions?{address}"))
    assert found == {str(crowd[name].pk) for name in expected}
    if query:
        body = {k: v if k != "started_before" else yesterday.replace("%2B", "+")
                for k, v in query.items()}  # fmt: skip
        assert previewed(program, **body)["count"] == len(expected)


def test_it_finds_by_person(key_of, crowd, cast):
    assert ids(key_of().read(f"/sessions?user={cast.member.pk}")) == {str(crowd["lyon"].pk)}


def test_another_tenants_group_is_none_of_ours(key_of, crowd, cast):
    Group.objects.create(tenant=cast.globex, name="Night shift")
    assert ids(key_of().read("/sessions?group=Night shift")) == set()


@pytest.mark.parametrize(
    "criterion",
    [
        {"country": "France"}, {"network": "192.0.2"}, {"network": "fe80::%eth0/64"},
        {"network": "fe80::1%1"}, {"network": "A\u017f64496"}, {"network": "AS\u0661"},
        {"network": "AS99999999999"},
        {"device": ""}, {"device": "x" * 61}, {"device_type": "toaster"},
        {"idle_longer_than": 0}, {"idle_longer_than": 10**12}, {"kind": "x"}, {"method": "a b"},
        {"started_before": "2026-01-01T00:00:00"}, {"started_before": "0001-01-01T00:00:00Z"},
        {"started_before": "9999-12-31T23:59:59-14:00"}, {"user": "x"}, {"cuntry": "FR"},
    ],
    ids=str,
)  # fmt: skip
def test_a_criterion_that_makes_no_sense_is_refused(key_of, crowd, live, criterion):
    response = key_of().post("/sessions/end-by-query", {"query": criterion, "dry_run": True})
    assert response.status_code == 422
    [name] = criterion
    assert response.json()["errors"][0]["pointer"].startswith(f"/query/{name}")


def test_it_tells_all_about_a_session(key_of, crowd, cast):
    session = key_of().read(f"/sessions/{crowd['lyon'].pk}").json()
    assert session["user_id"] == str(cast.member.pk)
    assert session["place"] == {"city": "Lyon", "country": "France", "country_code": "FR"}
    assert session["device"]["type"] == "phone"
    assert session["amr"] == ["pwd"]
    assert session["current"] is False
    assert session["ended"] is None
    assert session["expires_at"] > timezone.now().isoformat()[:19]
    ended = key_of(name="2").read(f"/sessions/{crowd['ended'].pk}").json()
    assert ended["ended"]["reason"] == "logged_out"
    assert ended["ended"]["initiator"] == "user"
    assert ended["expires_at"] is None


def test_pages_hold_every_session_once(key_of, cast):
    sessions = {str(hold(cast.member, cast.acme, age=HOUR).pk) for _ in range(7)}
    program, seen, after = key_of(), [], ""
    while True:
        page = program.read(f"/sessions?limit=3&after={after}").json()
        seen += [one["id"] for one in page["items"]]
        if not (after := page["after"]):
            break
    assert sorted(seen) == sorted(sessions)


def test_a_list_costs_three_statements_however_long(key_of, cast, django_assert_num_queries):
    program = key_of()
    program.read("/me")
    for _ in range(30):
        hold(cast.member, cast.acme)
    with django_assert_num_queries(3):  # the key, the quota, the list
        program.read("/sessions")


# --- one, many, all --------------------------------------------------------------------------


def test_it_ends_one_and_says_who(key_of, crowd, live, cast):
    session = crowd["lyon"]
    program = key_of()
    answer = program.post(f"/sessions/{session.pk}/end", {"note": " Lost phone "}).json()
    assert answer == {"ended": 1, "ids": [str(session.pk)]}
    session.refresh_from_db()
    assert session.end_reason == EndReason.API_REQUEST
    assert session.end_note == "Lost phone"
    event = AuditEvent.objects.get(action="session.ended", session_id=session.pk)
    assert event.data["via"] == "API key “nightly”"
    assert event.data["initiator"] == "system"
    assert event.actor_id is None
    assert program.post(f"/sessions/{session.pk}/end").json() == {"ended": 0, "ids": []}


def test_a_persons_call_names_the_person(token_of, crowd, cast):
    token_of(cast.admin, cast.acme).post(f"/sessions/{crowd['lyon'].pk}/end")
    event = AuditEvent.objects.get(action="session.ended", session_id=crowd["lyon"].pk)
    assert event.actor == cast.admin
    assert event.data["via"] == "access token"


def test_it_ends_many_of_its_tenant_only(key_of, crowd, live):
    asked = [crowd[name] for name in ("lyon", "berlin", "ended", "foreign")]
    answer = key_of().post("/sessions/end", {"ids": [str(one.pk) for one in asked]}).json()
    assert set(answer["ids"]) == {str(crowd["lyon"].pk), str(crowd["berlin"].pk)}
    assert answer["not_ended"] == [str(crowd["ended"].pk), str(crowd["foreign"].pk)]
    assert live(crowd["foreign"], crowd["app"])


def test_five_hundred_cost_as_much_as_one(key_of, cast, django_assert_max_num_queries):
    program = key_of()
    program.read("/me")
    sessions = [hold(cast.member, cast.acme) for _ in range(500)]
    with django_assert_max_num_queries(14) as counted:
        answer = program.post("/sessions/end", {"ids": [str(one.pk) for one in sessions]})
    assert answer.json()["ended"] == 500
    more = [hold(cast.member, cast.acme)]
    with django_assert_max_num_queries(len(counted)):
        program.post("/sessions/end", {"ids": [str(one.pk) for one in more]})


def test_it_ends_all_but_the_one_that_calls(token_of, crowd, live, cast):
    program = token_of(cast.owner, cast.acme)
    assert program.post("/sessions/end-all").json()["ended"] == 3
    assert not live(crowd["lyon"], crowd["berlin"], crowd["app"])
    assert live(crowd["foreign"], program.own)


# --- by query --------------------------------------------------------------------------------


def test_a_preview_changes_nothing_and_shows_some(key_of, crowd, live):
    preview = previewed(key_of(), country="FR")
    assert (preview["count"], preview["more"], preview["ended"]) == (1, False, 0)
    assert [one["id"] for one in preview["sample"]] == [str(crowd["lyon"].pk)]
    assert live(crowd["lyon"])


def test_the_snapshot_ends_what_was_counted(key_of, crowd, live, cast):
    program = key_of()
    preview = previewed(program, method="pwd")
    late = hold(cast.owner, cast.acme)  # born after it was counted
    outcome = carried_out(program, preview["snapshot"], "Cleaning", method="pwd").json()
    assert (outcome["count"], outcome["ended"]) == (3, 3)
    assert live(late, crowd["foreign"])
    assert Session.objects.filter(end_reason="api_request", end_note="Cleaning").count() == 3
    assert not EndingPreview.objects.exists()


def test_it_never_ends_more_and_tells_what_became_of_the_rest(key_of, crowd, live, cast):
    """One ended meanwhile, one does not match any more, one does only now."""
    sleepy = [hold(cast.member, cast.acme, age=DAY, idle=9 * HOUR) for _ in range(3)]
    awake = hold(cast.member, cast.acme, age=DAY, idle=HOUR)
    program = key_of()
    preview = previewed(program, idle_longer_than=8 * 3600)
    assert preview["count"] == 3
    Session.objects.filter(pk=sleepy[0].pk).update(ended_at=timezone.now(), end_reason="logged_out")
    Session.objects.filter(pk=sleepy[1].pk).update(last_seen_at=timezone.now())
    Session.objects.filter(pk=awake.pk).update(last_seen_at=timezone.now() - 10 * HOUR)
    outcome = carried_out(program, preview["snapshot"], idle_longer_than=8 * 3600).json()
    assert outcome["ended"] == 1
    assert outcome["ended_meanwhile"] == 1
    assert outcome["changed_meanwhile"] == 1
    assert live(sleepy[1], awake)
    assert not live(sleepy[2])


def test_a_snapshot_is_good_once_for_its_caller_and_query(key_of, crowd, live, cast):
    program, other = key_of(), key_of(name="other")
    snapshot = previewed(program, country="FR")["snapshot"]
    for refused in (
        carried_out(other, snapshot, country="FR"),
        carried_out(program, snapshot, country="DE"),
        carried_out(program, snapshot[:-1] + "x", country="FR"),
        carried_out(key_of(cast.globex), snapshot, country="FR"),
    ):
        assert refused.status_code == 409
        assert code_of(refused) == "preview_gone"
    assert live(crowd["lyon"])
    assert carried_out(program, snapshot, country="FR").json()["ended"] == 1
    assert carried_out(program, snapshot, country="FR").status_code == 409


def test_a_snapshot_lasts_ten_minutes(key_of, crowd, live):
    program = key_of()
    snapshot = previewed(program, country="FR")["snapshot"]
    with time_machine.travel(timezone.now() + timedelta(minutes=10, seconds=1)):
        assert carried_out(program, snapshot, country="FR").status_code == 409
    assert live(crowd["lyon"])


def test_without_a_criterion_or_a_snapshot_nothing_ends(key_of, crowd, live):
    program = key_of()
    everything = program.post("/sessions/end-by-query", {"query": {}, "dry_run": True})
    unseen = program.post("/sessions/end-by-query", {"query": {"country": "FR"}})
    assert everything.json()["errors"][0]["pointer"] == "/query"
    assert unseen.json()["errors"][0]["pointer"] == "/snapshot"
    assert live(crowd["lyon"])


def test_more_than_a_call_takes_is_said(key_of, cast, monkeypatch):
    monkeypatch.setattr(bulk_ending, "ENDED_AT_MOST", 3)
    for _ in range(5):
        hold(cast.member, cast.acme, place=LYON)
    program, ended = key_of(), []
    while True:
        preview = previewed(program, country="FR")
        outcome = carried_out(program, preview["snapshot"], country="FR").json()
        ended.append(outcome["ended"])
        if not preview["more"]:
            break
    assert ended == [3, 2]


def test_few_previews_are_kept(key_of, crowd):
    program = key_of()
    snapshots = [previewed(program, country="FR")["snapshot"] for _ in range(8)]
    assert EndingPreview.objects.count() == bulk_ending.PREVIEWS_AT_MOST
    assert carried_out(program, snapshots[0], country="FR").status_code == 409
    assert carried_out(program, snapshots[-1], country="FR").json()["ended"] == 1


def test_who_calls_is_spared(token_of, cast, live):
    program = token_of(cast.owner, cast.acme, place=LYON)
    other = hold(cast.owner, cast.acme, place=LYON)
    preview = previewed(program, country="FR")
    assert preview["count"] == 1
    assert carried_out(program, preview["snapshot"], country="FR").json()["ended"] == 1
    assert live(program.own)
    assert not live(other)


def test_a_thousand_cost_few_statements(key_of, cast, django_assert_max_num_queries, monkeypatch):
    monkeypatch.setattr(bulk_ending, "IDS_A_STATEMENT", 400)
    program = key_of()
    program.read("/me")
    rows = [hold(cast.member, cast.acme, place=LYON) for _ in range(100)]
    with django_assert_max_num_queries(12):
        preview = previewed(program, country="FR")
    with django_assert_max_num_queries(16):
        outcome = carried_out(program, preview["snapshot"], country="FR").json()
    assert outcome["ended"] == len(rows)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_parallel_calls_with_one_snapshot_one_acts(key_of, crowd):
    program, start, answers = key_of(), threading.Barrier(5), []
    snapshot = previewed(program, method="pwd")["snapshot"]

    def call():
        caller = Program(program.authorization)
        start.wait()
        answers.append(carried_out(caller, snapshot, method="pwd").json())
        connection.close()

    threads = [threading.Thread(target=call) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(one.get("ended", 0) for one in answers) == [0, 0, 0, 0, 3]
    assert [one["code"] for one in answers if "code" in one] == ["preview_gone"] * 4
