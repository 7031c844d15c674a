"""Which address is believed, what is kept of a user agent, and what becomes of both."""

from ipaddress import ip_network

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from sessions_admin.fields import USER_AGENT_LENGTH, AccessFields
from sessions_admin.geo import Place, PlaceRow, write_city_database
from sessions_admin.models import LoginAttempt
from sessions_admin.request.client import (
    MAX_FORWARDED_LENGTH,
    MAX_HOPS,
    Client,
    client_of,
    describe,
    from_trusted_proxy,
    nearest_stranger,
)
from sessions_admin.vocabulary import LoginOutcome

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
PROXY = "10.0.0.1"


@pytest.fixture
def behind_proxies(settings):
    settings.TRUSTED_PROXIES = (ip_network("10.0.0.0/8"), ip_network("2001:db8:aa::/48"))


def request(peer="198.51.100.7", forwarded=None, agent=None):
    meta = {"REMOTE_ADDR": peer}
    if forwarded is not None:
        meta["HTTP_X_FORWARDED_FOR"] = forwarded
    if agent is not None:
        meta["HTTP_USER_AGENT"] = agent
    return RequestFactory().get("/", **meta)


@pytest.mark.parametrize(
    ("raw", "ip"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1 ", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::ffff:c000:201]:80", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("127.0.0.1", "127.0.0.1"),
        ("", None),
        (None, None),
        ("unix:", None),
        ("unknown", None),
        ("_hidden", None),
        ("999.1.1.1", None),
        ("1.2.3", None),
        ("010.0.0.1", None),
        ("192.0.2.1:http", None),
        ("192.0.2.1:", None),
        ("[2001:db8::1", None),
        ("[2001:db8::1]443x", None),
        ("0.0.0.0", None),  # noqa: S104
        ("::", None),
        ("::ffff:0.0.0.0", None),
        ("192.0.2.1\x00", None),
        ("192.0.2.1, 192.0.2.2", None),
        ("3221225985", None),
    ],
)
def test_a_peer_has_one_form_or_is_unknown(raw, ip):
    assert client_of(request(raw)).ip == ip


def test_without_trusted_proxies_no_header_is_believed():
    forged = request("198.51.100.7", "203.0.113.9")
    assert client_of(forged).ip == "198.51.100.7"
    assert not from_trusted_proxy(forged)


@pytest.mark.usefixtures("behind_proxies")
@pytest.mark.parametrize(
    ("peer", "forwarded", "ip"),
    [
        (PROXY, "203.0.113.9", "203.0.113.9"),
        (PROXY, "203.0.113.9:5123", "203.0.113.9"),
        ("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("2001:db8:aa::1", "[2001:db8:bb::5]:1", "2001:db8:bb::5"),
        # What is left of the first stranger is the stranger's invention.
        (PROXY, "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        (PROXY, "10.0.0.9, 203.0.113.9", "203.0.113.9"),
        (PROXY, "203.0.113.9, 10.0.0.2, 2001:db8:aa::2", "203.0.113.9"),
        # Who comes past the proxy is believed nothing.
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
        ("not an address", "203.0.113.9", None),
        # A machine of ours asks through a proxy of ours.
        (PROXY, "10.9.9.9, 10.0.0.2", "10.9.9.9"),
        (PROXY, None, PROXY),
        (PROXY, "", PROXY),
        # Garbage ends the walk: whoever wrote it, the address beyond it is not the client's.
        (PROXY, "203.0.113.9, unknown", None),
        (PROXY, "203.0.113.9, unknown, 10.0.0.2", None),
        (PROXY, "203.0.113.9,", None),
        (PROXY, ",,,", None),
        (PROXY, "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        (PROXY, "\x00\ud800", None),
        # A unix socket is the local proxy's.
        ("", "203.0.113.9", "203.0.113.9"),
        ("unix:", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("", None, None),
    ],
)
def test_forwarded_for_is_walked_from_the_right(peer, forwarded, ip):
    assert client_of(request(peer, forwarded)).ip == ip


@pytest.mark.usefixtures("behind_proxies")
@pytest.mark.parametrize("filler", ["1.1.1.1, ", "10.0.0.2,", "x" * 50 + ","])
def test_a_long_header_cannot_push_the_truth_out(filler):
    header = filler * 5000 + "203.0.113.9, 10.0.0.2"
    assert client_of(request(PROXY, header)).ip == "203.0.113.9"


@pytest.mark.usefixtures("behind_proxies")
def test_an_address_cut_in_the_middle_is_not_an_address():
    kept = ",".join(["10.0.0.2".rjust(100)] * (MAX_FORWARDED_LENGTH // 101))
    header = "2" * MAX_FORWARDED_LENGTH + "203.0.113.9," + kept
    assert client_of(request(PROXY, header)).ip is None


@pytest.mark.usefixtures("behind_proxies")
def test_more_hops_than_real_chains_have_are_unknown():
    assert client_of(request(PROXY, "203.0.113.9" + ",10.0.0.2" * MAX_HOPS)).ip == "203.0.113.9"
    assert client_of(request(PROXY, "203.0.113.9" + ",10.0.0.2" * (MAX_HOPS + 1))).ip is None


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        (PROXY, True),
        ("::ffff:10.1.2.3", True),
        ("10.0.0.1:4711", True),
        ("", True),
        ("unix:", True),
        ("11.0.0.1", False),
        ("unknown", False),
    ],
)
def test_who_is_a_trusted_proxy(settings, peer, trusted):
    settings.TRUSTED_PROXIES = (ip_network("10.0.0.0/8"),)
    assert from_trusted_proxy(request(peer)) is trusted
    settings.TRUSTED_PROXIES = ()
    assert from_trusted_proxy(request(peer)) is False


@given(st.text(), st.text(), st.text())
def test_nothing_makes_reading_a_client_fail(peer, forwarded, agent):
    client = client_of(request(peer, forwarded, agent))
    assert len(client.user_agent) <= USER_AGENT_LENGTH
    assert not client.user_agent or client.user_agent.isprintable()
    nearest_stranger(peer, forwarded)


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        (FIREFOX, FIREFOX),
        (None, ""),
        ("a\x00b\r\nc\x7f\x9bd", "abcd"),
        ("lone \ud83d surrogate", "lone  surrogate"),
        ("right\u202eto left", "rightto left"),
        ("Größe ✓ 🦊", "Größe ✓ 🦊"),
        ("x" * 10_000, "x" * USER_AGENT_LENGTH),
        ("🦊" * 10_000, "🦊" * USER_AGENT_LENGTH),
    ],
)
def test_a_user_agent_is_text_of_bounded_length(raw, kept):
    assert client_of(request(agent=raw)).user_agent == kept


def test_describe_gives_exactly_the_columns():
    described = describe(Client("203.0.113.9", FIREFOX))
    assert set(described) == {field.name for field in AccessFields._meta.fields}
    assert described["browser"] == "Firefox 145"
    assert described["system"] == "Linux"
    assert described["device_type"] == "desktop"


def test_describe_knows_nothing_of_nobody():
    assert describe(Client(None, "")) == {
        "ip": None,
        "user_agent": "",
        "browser": "",
        "system": "",
        "device_type": "unknown",
        "city": "",
        "country": "",
        "country_code": "",
        "latitude": None,
        "longitude": None,
        "accuracy_km": None,
        "asn": None,
        "network": "",
    }


def test_places_are_cut_to_their_columns(settings, tmp_path):
    settings.GEOIP_PATH = str(tmp_path / "city.mmdb")
    long = Place("Llan\x00fair" + "x" * 200, "y" * 200, "ZZZ", 1.5, -2.5)
    write_city_database(
        settings.GEOIP_PATH,
        [PlaceRow("203.0.113.0/24", long.city, long.country, long.country_code, 1.5, -2.5)],
    )
    described = describe(Client("203.0.113.9", FIREFOX))
    assert described["city"] == ("Llanfair" + "x" * 200)[:80]
    assert described["country"] == "y" * 60
    assert described["country_code"] == "ZZ"
    assert (described["latitude"], described["longitude"]) == (1.5, -2.5)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "agent", [FIREFOX, "a\x00b\ud800", "🦊" * 1000, "X" * 1000 + "/1.0", "Bot" * 400]
)
def test_the_database_takes_whatever_was_sent(agent):
    client = client_of(request("fe80::1%eth0", agent=agent))
    attempt = LoginAttempt.objects.create(outcome=LoginOutcome.FAILED, **describe(client))
    attempt.full_clean(exclude=["user", "tenant", "session", "latitude", "longitude"])
    attempt.refresh_from_db()
    assert (attempt.ip, attempt.user_agent) == ("fe80::1", client.user_agent)
