"""Lists of networks: what is one, what is none, and which addresses say nothing of a place."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_admin.risk.networks import (
    HOST_BITS,
    MOST_LINES,
    NO_AS_NUMBERS,
    NOT_A_NETWORK,
    TOO_MANY,
    TOO_WIDE,
    Networks,
    NetworksError,
    is_place,
    parse_networks,
    readable_networks,
    same_site,
)

LIST = """
# offices
192.0.2.0/24
198.51.100.7   # the VPN
2001:db8::/32

AS64500
as 64501
"""


@pytest.mark.parametrize("digits", [11, 5000])
def test_an_endless_number_is_no_as_number(digits):
    """Python reads at most 4300 digits, and raises something else."""
    with pytest.raises(NetworksError):
        parse_networks("AS" + "9" * digits)


@pytest.mark.parametrize(
    ("ip", "asn", "inside"),
    [
        ("192.0.2.0", None, True), ("192.0.2.255", None, True), ("192.0.3.0", None, False),
        ("198.51.100.7", None, True), ("198.51.100.8", None, False),
        ("2001:db8:1::1", None, True), ("2001:db9::1", None, False),
        ("::ffff:192.0.2.1", None, True), ("203.0.113.1", 64500, True),
        ("203.0.113.1", 64501, True), ("203.0.113.1", 64502, False), (None, 64500, True),
        (None, None, False), ("nonsense", None, False),
    ],
)  # fmt: skip
def test_what_is_in_a_list(ip, asn, inside):
    assert parse_networks(LIST).contains(ip, asn) is inside


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("office", 1, NOT_A_NETWORK), ("\n\n192.0.2.0/33", 3, NOT_A_NETWORK),
        ("192.0.2.0/24\n192.0.2.1/24", 2, HOST_BITS), ("2001:db8::1/64", 1, HOST_BITS),
        ("0.0.0.0/0", 1, TOO_WIDE), ("::/0", 1, TOO_WIDE), ("8.0.0.0/7", 1, TOO_WIDE),
        ("AS0", 1, NOT_A_NETWORK), ("AS4294967296", 1, NOT_A_NETWORK), ("AS", 1, NOT_A_NETWORK),
        ("ASx", 1, NOT_A_NETWORK), ("192.0.2.1, 192.0.2.2", 1, NOT_A_NETWORK),
        ("192.0.2.0/24 office", 1, NOT_A_NETWORK), ("AS²", 1, NOT_A_NETWORK),
    ],
)  # fmt: skip
def test_an_error_names_the_line(text, line, problem):
    with pytest.raises(NetworksError) as error:
        parse_networks(text)
    assert (error.value.line, error.value.problem) == (line, problem)


def test_addresses_only():
    with pytest.raises(NetworksError) as error:
        parse_networks("192.0.2.1\nAS64500", with_asns=False)
    assert (error.value.line, error.value.problem) == (2, NO_AS_NUMBERS)


def test_a_list_has_an_end():
    lines = [f"10.0.{number}.0/24" for number in range(MOST_LINES + 1)]
    assert len(parse_networks("\n".join(lines[:-1])).ranges) == MOST_LINES
    with pytest.raises(NetworksError) as error:
        parse_networks("\n".join(lines))
    assert (error.value.line, error.value.problem) == (MOST_LINES + 1, TOO_MANY)
    assert len(readable_networks("\n".join(lines)).ranges) == MOST_LINES


def test_what_is_stored_is_read_as_far_as_it_can_be():
    assert readable_networks("junk\nAS64500\n192.0.2.0/24") == parse_networks(
        "AS64500\n192.0.2.0/24"
    )
    assert readable_networks("") == Networks()


@given(st.text(max_size=200))
def test_any_text_is_a_list_or_an_error(text):
    found = readable_networks(text)
    with suppress(NetworksError):
        assert parse_networks(text) == found


@pytest.mark.parametrize(
    "ip",
    ["10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "::1",
     "fe80::1", "fd00::1", "224.0.0.1", "255.255.255.255", "::ffff:10.0.0.1", "", None, "x"],
)  # fmt: skip
def test_it_says_nothing_of_a_place(ip):
    assert not is_place(ip)


@pytest.mark.parametrize("ip", ["8.8.8.8", "172.32.0.1", "100.63.0.1", "2a00::1", "2001:db8::1"])
def test_it_says_something_of_a_place(ip):
    assert is_place(ip)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True), ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True), ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True), ("192.0.2.1", "2001:db8::1", False),
        (None, None, False), ("", "192.0.2.1", False),
    ],
)  # fmt: skip
def test_the_same_site(one, other, same):
    assert same_site(one, other) is same_site(other, one) is same
