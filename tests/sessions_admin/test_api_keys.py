"""API keys: their shape, whose they are, and the verbs that change them."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from sessions_admin.models import ApiKey, AuditEvent
from sessions_admin.tokens import api_keys
from sessions_admin.tokens.api_keys import KeyRefusedError, KeyState, caller_of, is_well_formed
from tenants.access import Access, CurrentTenant
from tenants.fields import join_words
from tenants.permissions import ALL_PERMISSIONS, Permission, Section

ALL = frozenset(str(permission) for permission in ALL_PERMISSIONS)
DAY = timedelta(days=1)


def place(tenant) -> CurrentTenant:
    return CurrentTenant(tenant.id, tenant.name, tenant.slug)


def make(tenant, actor, *, name="nightly", scopes=("users.view",), days=30, may=ALL):
    return api_keys.create_key(
        place(tenant), name=name, scopes=scopes, lifetime=timedelta(days=days),
        access=Access(place(tenant), may), actor=actor,
    )  # fmt: skip


def rotate(key, actor, *, may=ALL, **options):
    return api_keys.rotate_key(key, access=Access(None, may), actor=actor, **options)


def reason_of(raised) -> str:
    return raised.value.reason


def test_it_makes_a_key_that_is_stored_nowhere(acme, owner):
    key, text = make(acme, owner)
    assert text.startswith(f"lk_{key.hint}_")
    assert bytes(ApiKey.objects.get().key_hash) == api_keys.hash_of(text)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM sessions_admin_apikey")
        assert text not in repr(cursor.fetchall())
    event = AuditEvent.objects.get(action="api_key.created")
    assert event.data["permissions"] == "users.view"
    assert text not in str(event.data)


@given(st.text(max_size=80))
def test_no_other_text_is_a_key(text):
    assert not is_well_formed(text)


def test_a_changed_digit_breaks_the_checksum_without_a_statement(
    acme, owner, django_assert_num_queries
):
    _, text = make(acme, owner)
    assert is_well_formed(text)
    spoilt = [text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :] for at in range(61)]
    with django_assert_num_queries(0):
        assert not any(caller_of(one) for one in spoilt)


def test_it_knows_the_caller_in_one_select(acme, owner, django_assert_num_queries):
    key, text = make(acme, owner, scopes=["users.view", "sessions.end"])
    caller_of(text)  # the first use is written down
    with django_assert_num_queries(1):
        caller = caller_of(text)
    assert caller is not None
    assert (caller.key_id, caller.name, caller.tenant.slug) == (key.pk, "nightly", "acme")
    assert caller.access.may(Permission.SESSIONS_END)
    assert not caller.access.may(Permission.SESSIONS_VIEW)
    assert Section.USERS in caller.access.sections


def test_it_works_until_it_expires(acme, owner):
    _, text = make(acme, owner, days=2)
    for after, works in ((DAY, True), (2 * DAY + timedelta(seconds=1), False)):
        with time_machine.travel(timezone.now() + after):
            assert bool(caller_of(text)) is works


@pytest.mark.parametrize("days", [0, -3, 10_000])
def test_a_lifetime_is_held_within_its_bounds(acme, owner, days):
    key, _ = make(acme, owner, days=days)
    left = key.expires_at - timezone.now()
    assert api_keys.SHORTEST - timedelta(minutes=1) < left <= api_keys.LONGEST


def test_a_suspended_tenant_and_a_section_that_is_off_shut_it_out(acme, owner):
    _, text = make(acme, owner)
    acme.is_active = False
    acme.save()
    assert caller_of(text) is None
    acme.is_active, acme.sections = True, acme.sections - {Section.API_KEYS}
    acme.save()
    assert caller_of(text) is None


def test_last_used_moves_once_a_minute(acme, owner):
    key, text = make(acme, owner)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        seen = []
        for _ in range(4):
            caller_of(text)
            key.refresh_from_db()
            seen.append(key.last_used_at)
            clock.shift(25)
    assert seen[0] == seen[1] == seen[2]
    assert seen[3] - seen[0] == timedelta(seconds=75)


def test_it_never_gives_more_than_its_maker_has(acme, owner):
    with pytest.raises(KeyRefusedError) as raised:
        make(acme, owner, scopes=["sessions.end"], may=frozenset({"users.view"}))
    assert reason_of(raised) == "not_yours_to_give"
    with pytest.raises(KeyRefusedError) as raised:
        make(acme, owner, scopes=["groups.edit"])  # of no use in the API
    assert reason_of(raised) == "not_yours_to_give"
    assert not ApiKey.objects.exists()


def test_a_name_is_used_once_at_a_time(acme, globex, owner):
    key, _ = make(acme, owner)
    with pytest.raises(KeyRefusedError) as raised:
        make(acme, owner, name="Nightly")
    assert reason_of(raised) == "name_taken"
    make(globex, owner)
    api_keys.revoke_key(key, actor=owner)
    make(acme, owner)


def test_a_tenant_has_a_bounded_number_of_keys(acme, owner, monkeypatch):
    monkeypatch.setattr(api_keys, "KEYS_AT_MOST", 2)
    make(acme, owner, name="one")
    make(acme, owner, name="two")
    with pytest.raises(KeyRefusedError) as raised:
        make(acme, owner, name="three")
    assert reason_of(raised) == "too_many"


def test_rotation_overlaps(acme, owner):
    key, old = make(acme, owner, days=30)
    successor, new = rotate(key, owner)
    assert caller_of(old)
    assert caller_of(new)
    key.refresh_from_db()
    assert api_keys.state_of(key, timezone.now()) == KeyState.REPLACED
    assert (successor.name, successor.permissions) == (key.name, key.permissions)
    lifetime = successor.expires_at - successor.created_at
    assert abs(lifetime - timedelta(days=30)) < timedelta(minutes=1)
    with time_machine.travel(timezone.now() + timedelta(hours=24, seconds=1)):
        assert caller_of(old) is None
        assert caller_of(new)
    assert AuditEvent.objects.get(action="api_key.rotated").data["replaces"] == key.hint


def test_rotation_at_once_leaves_no_overlap(acme, owner):
    key, old = make(acme, owner)
    _, new = rotate(key, owner, overlap=timedelta())
    assert caller_of(old) is None
    assert caller_of(new)


def test_a_key_is_rotated_once(acme, owner):
    key, _ = make(acme, owner)
    rotate(key, owner)
    with pytest.raises(KeyRefusedError) as raised:
        rotate(key, owner)
    assert reason_of(raised) == "not_in_use"


def test_rotation_gives_nobody_what_they_have_not(acme, owner):
    key, _ = make(acme, owner, scopes=["sessions.end"])
    with pytest.raises(KeyRefusedError) as raised:
        rotate(key, owner, may=frozenset({"api_keys.edit"}))
    assert reason_of(raised) == "not_yours_to_give"
    assert ApiKey.objects.count() == 1


def test_a_revoked_key_is_dead_at_once(acme, owner):
    key, text = make(acme, owner)
    assert api_keys.revoke_key(key, actor=owner)
    assert not api_keys.revoke_key(key, actor=owner)
    assert caller_of(text) is None
    key.refresh_from_db()
    assert api_keys.state_of(key, timezone.now()) == KeyState.REVOKED
    assert AuditEvent.objects.filter(action="api_key.revoked").count() == 1


def test_its_scopes_do_not_follow_its_maker(acme, owner, cast):
    _, text = make(acme, owner, scopes=["sessions.end"])
    cast.owner.memberships.all().delete()
    caller = caller_of(text)
    assert caller is not None
    assert join_words(caller.access.permissions) == "sessions.end"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_parallel_rotations_one_wins(acme, owner):
    key, _ = make(acme, owner)
    start, outcomes = threading.Barrier(6), []

    def race():
        start.wait()
        try:
            rotate(key, owner)
            outcomes.append("rotated")
        except KeyRefusedError as refused:
            outcomes.append(refused.reason)
        finally:
            connection.close()

    threads = [threading.Thread(target=race) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(outcomes) == ["not_in_use"] * 5 + ["rotated"]
    assert ApiKey.objects.count() == 2
