"""Keys, notices and known devices in /admin/: shown, and none of them written there."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.html import escape

from sessions_admin.admin.programs import SigningKeyAdmin
from sessions_admin.demo.cast import PASSWORD
from sessions_admin.models import (
    ApiKey,
    AuditEvent,
    KnownDevice,
    LoginAttempt,
    Notice,
    Risk,
    SigningKey,
)
from sessions_admin.notices import notify
from sessions_admin.request.client import Client, describe
from sessions_admin.tokens.api_keys import create_key
from sessions_admin.tokens.signing_keys import rotate
from sessions_admin.vocabulary import NoticeKind
from tenants.access import Access, CurrentTenant
from tenants.permissions import PERMISSION_LABELS, Permission, Section
from tests.cast import FIREFOX, HOME, Browser
from tests.holdings import hold

KEYS = "/admin/sessions_admin/apikey/"
SIGNING = "/admin/sessions_admin/signingkey/"
NOTICES = "/admin/sessions_admin/notice/"
DEVICES = "/admin/sessions_admin/knowndevice/"
LISTS = [KEYS, SIGNING, NOTICES, DEVICES]
DAY = timedelta(days=1)


@pytest.fixture
def desk(operator, browser_of):
    """The operator's browser."""
    return browser_of(operator)


@pytest.fixture
def key_of():
    """A key with its text, made by somebody of the tenant."""

    def make(tenant, owner, name="Billing"):
        current = CurrentTenant(tenant.pk, tenant.name, tenant.slug)
        access = Access(current, frozenset(Permission), frozenset(Section))
        return create_key(
            current, name=name, scopes={Permission.SESSIONS_VIEW}, lifetime=30 * DAY,
            access=access, actor=owner,
        )  # fmt: skip

    return make


@pytest.fixture
def rows(cast, key_of):
    """One row of each list."""
    notify(NoticeKind.NEW_SIGN_IN, user_id=cast.member.pk, event="new_sign_in:1")
    rotate()
    device = KnownDevice.objects.create(
        user=cast.member, browser_hash=b"h" * 32, **describe(Client(HOME, FIREFOX))
    )
    return {
        KEYS: key_of(cast.acme, cast.owner)[0],
        SIGNING: SigningKey.objects.get(),
        NOTICES: Notice.objects.get(),
        DEVICES: device,
    }


def text_of(desk, url, **query) -> str:
    return desk.get(url, query).content.decode()


# --- access ----------------------------------------------------------------------------------


@pytest.mark.parametrize("url", LISTS)
def test_nobody_but_operators_gets_in(browser_of, owner, url):
    assert browser_of(owner).get(url, follow=True).status_code == 403


@pytest.mark.parametrize("url", LISTS)
def test_they_are_neither_written_nor_deleted(desk, rows, url):
    row = rows[url]
    assert desk.get(url).status_code == 200
    assert desk.get(f"{url}{row.pk}/change/").status_code == 200
    assert desk.get(f"{url}add/").status_code == 403
    assert desk.post(f"{url}{row.pk}/change/", {"_save": "1"}).status_code == 403
    assert desk.post(f"{url}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert type(row).objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("url", LISTS)
def test_nothing_is_counted_however_long_the_list(desk, rows, url):
    with CaptureQueriesContext(connection) as statements:
        desk.get(url)
    assert [one["sql"] for one in statements if "COUNT(" in one["sql"].upper()] == []


@pytest.mark.parametrize(
    ("url", "lookup"),
    [
        (KEYS, "key_hash__startswith=x"),
        (SIGNING, "private_key__contains=x"),
        (NOTICES, "data__contains=x"),
        (DEVICES, "browser_hash__startswith=x"),
    ],
)
def test_nothing_else_can_be_asked_of_the_tables(desk, url, lookup):
    assert desk.get(f"{url}?{lookup}").status_code == 400


# --- API keys --------------------------------------------------------------------------------


def test_a_key_shows_what_it_may_and_not_itself(desk, acme, owner, key_of):
    key, text = key_of(acme, owner)
    for page in (text_of(desk, KEYS), text_of(desk, f"{KEYS}{key.pk}/change/")):
        assert "Billing" in page
        assert f"lk_{key.hint}_…" in page
        assert "In use" in page
        assert text not in page
        assert key.key_hash.hex() not in page
    page = text_of(desk, f"{KEYS}{key.pk}/change/")
    assert str(escape(PERMISSION_LABELS[Permission.SESSIONS_VIEW])) in page


def test_keys_are_found(desk, acme, globex, owner, outsider, key_of):
    billing, other = key_of(acme, owner)[0], key_of(globex, outsider, "Backup")[0]

    def found(**query):
        return {row.pk for row in desk.get(KEYS, query).context["cl"].result_list}

    assert found() == {billing.pk, other.pk}
    assert found(q="bill") == found(q=billing.hint) == found(tenant=acme.pk) == {billing.pk}
    ApiKey.objects.filter(pk=other.pk).update(expires_at=timezone.now())
    assert found(state="works") == {billing.pk}
    assert found(state="over") == {other.pk}


def test_a_key_is_revoked_after_a_question(desk, acme, owner, key_of, operator):
    key, _text = key_of(acme, owner)
    chosen = {"_selected_action": [str(key.pk)]}
    page = desk.post(KEYS, {**chosen, "action": "revoke", "index": "0"}).content.decode()
    assert "It cannot be taken back" in page
    assert key.hint in page
    key.refresh_from_db()
    assert key.revoked_at is None

    desk.post(f"{KEYS}revoke/", chosen)

    key.refresh_from_db()
    assert key.revoked_by == operator
    assert AuditEvent.objects.get(action="api_key.revoked").actor == operator
    assert "1 key was revoked." in text_of(desk, KEYS)
    desk.post(f"{KEYS}revoke/", chosen)
    assert "0 keys were revoked." in text_of(desk, KEYS)


def test_nobody_else_revokes_there(browser_of, owner, acme, key_of):
    key, _text = key_of(acme, owner)
    browser_of(owner).post(f"{KEYS}revoke/", {"_selected_action": [str(key.pk)]})
    key.refresh_from_db()
    assert key.revoked_at is None


def test_revoking_wants_a_fresh_proof(operator, acme, owner, key_of):
    key, _text = key_of(acme, owner)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        desk = Browser()
        desk.sign_in(operator)
        clock.shift(timedelta(minutes=11))
        asked = desk.post(f"{KEYS}revoke/", {"_selected_action": [str(key.pk)]})
        key.refresh_from_db()
        assert asked.url.startswith("/accounts/reauthenticate/")
        assert key.revoked_at is None
        desk.post(asked.url, {"password": PASSWORD, "next": f"{KEYS}revoke/"})
    key.refresh_from_db()
    assert key.revoked_at


# --- signing keys ----------------------------------------------------------------------------


def test_a_signing_key_shows_its_public_half_only(desk):
    rotate()
    key = SigningKey.objects.get()
    page = text_of(desk, f"{SIGNING}{key.pk}/change/")
    assert key.public_key["x"] in page
    assert key.private_key[:20] not in page
    assert "Private key" not in page


def test_it_says_what_a_signing_key_does_now(desk):
    rotate()
    key = SigningKey.objects.get()
    moments = {
        "Published, signs later": key.signs_from - timedelta(hours=1),
        "Signs": key.signs_from + timedelta(hours=1),
        "Verifies only": key.signs_until + timedelta(hours=1),
        "Over": key.published_until + timedelta(hours=1),
    }
    for words, moment in moments.items():
        with time_machine.travel(moment, tick=False):
            assert SigningKeyAdmin.phase(SigningKeyAdmin, key) == words


# --- notices ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "words", "chosen"),
    [
        ({}, "Waits since", "waiting"),
        ({"mail_attempts": 3, "mail_error": "451 Later"}, "Failed 3 times; next try", "failing"),
        ({"mailed_at": timezone.now(), "mail_due_at": None}, "Sent", "sent"),
        ({"mail_due_at": None}, "None is sent", "none"),
    ],
)  # fmt: skip
def test_a_notice_says_what_became_of_its_mail(desk, member, admin, columns, words, chosen):
    notify(NoticeKind.SESSION_ENDED, user_id=member.pk, event="one")
    Notice.objects.update(**columns)
    page = text_of(desk, NOTICES)
    assert words in page
    assert columns.get("mail_error", "") in page
    for name in ("waiting", "failing", "sent", "none"):
        found = list(desk.get(NOTICES, {"mail": name}).context["cl"].result_list)
        assert bool(found) is (name == chosen)


def test_notices_are_found_by_person_and_kind(desk, member, admin):
    notify(NoticeKind.SESSION_ENDED, user_id=member.pk, event="one")
    notify(NoticeKind.NEW_SIGN_IN, user_id=admin.pk, event="two")

    def found(**query):
        return {row.event for row in desk.get(NOTICES, query).context["cl"].result_list}

    assert found(q="member@") == found(kind="session_ended") == {"one"}
    assert found() == {"one", "two"}


def test_a_notice_leads_to_its_session(desk, member, acme):
    session = hold(member, acme)
    notify(NoticeKind.SESSION_ENDED, user_id=member.pk, event="one", session_id=session.pk)
    page = text_of(desk, f"{NOTICES}{Notice.objects.get().pk}/change/")
    assert f"/admin/sessions_admin/session/{session.pk}/change/" in page


# --- known devices ---------------------------------------------------------------------------


def test_a_device_shows_its_last_sign_in_and_no_secret(desk, rows):
    device = rows[DEVICES]
    page = text_of(desk, f"{DEVICES}{device.pk}/change/")
    for fact in ("member@acme.test", "Firefox 145 on Linux", HOME):
        assert fact in page
    assert device.browser_hash.hex() not in page
    assert "rowser hash" not in page
    assert list(desk.get(DEVICES, {"q": "member@"}).context["cl"].result_list) == [device]
    assert list(desk.get(DEVICES, {"q": "nobody@"}).context["cl"].result_list) == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [("session", "kind"), ("loginattempt", "outcome"), ("auditevent", "action"),
     ("risk", "state"), ("risk", "detector"), ("notice", "kind")],
)  # fmt: skip
@pytest.mark.parametrize("word", ["\x00", "nonsense"])
def test_a_filter_takes_no_words_but_its_own(desk, member, acme, kind, name, word):
    """PostgreSQL refuses to look for a NUL at all."""
    session = hold(member, acme)
    Risk.objects.create(detector="new_country", user=member, session=session, response="record")
    LoginAttempt.objects.create(outcome="failed", user=member)
    AuditEvent.objects.create(action="session.started", at=timezone.now(), user=member)
    notify(NoticeKind.NEW_SIGN_IN, user_id=member.pk, event="x")
    page = f"/admin/sessions_admin/{kind}/"
    everything = desk.get(page).context["cl"].result_count
    assert everything
    assert desk.get(page, {name: word}).context["cl"].result_count == everything
