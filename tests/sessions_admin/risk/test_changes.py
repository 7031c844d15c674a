"""A session that comes with another browser, or in another network."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_admin.risk.changes import agent_changed, network_jump
from sessions_admin.risk.facts import Event, History, Occasion
from sessions_admin.risk.networks import parse_networks
from sessions_admin.risk.rules import Rules
from tests.sessions_admin.risk.sightings import at, moves

RULES, NOTHING = Rules(), History()
TRUSTED = Rules(trusted=parse_networks("203.0.113.0/24\nAS64500"))
SHARED = Rules(shared=parse_networks("203.0.113.0/24", with_asns=False))

CHANGED = [
    (("Firefox 145", "Linux"), ("Chrome 142", "Linux")),
    (("Firefox 145", "Linux"), ("Firefox 145", "Windows")),
    (("Firefox 145", "Linux"), ("Chrome 142", "Windows")),
    (("Safari 18", "iOS 18"), ("Chrome 142", "Android 15")),
    (("Firefox 145", "Linux"), ("Firefox 144", "Linux")),
    (("Chrome 142", "Windows"), ("Chrome 99", "Windows")),
    (("Chrome 142", "Windows"), ("curl 8.5", "")),
    (("Chrome 142", "Windows"), ("Edge 142", "Windows")),
    (("Chrome 142", "macOS"), ("Chrome 142", "Linux")),
    (("Chrome 142", "Android"), ("Chrome 141", "Linux")),
    (("Safari 18", "iOS 18"), ("Safari 18", "Windows")),
    (("Firefox 145", ""), ("Chrome 142", "")),
    (("Chrome 142", "Android 15"), ("Android WebView 142", "Android 15")),
]
UNCHANGED = [
    (("Firefox 145", "Linux"), ("Firefox 145", "Linux")),
    (("Firefox 145", "Linux"), ("Firefox 146", "Linux")),
    (("Firefox 99", "Linux"), ("Firefox 145", "Linux")),
    (("Safari 18", "iOS 18"), ("Safari 26", "iOS 26")),
    (("Chrome 142", "Android 15"), ("Chrome 142", "Android 16")),
    (("Chrome 142", "macOS 14"), ("Chrome 143", "macOS 15")),
    (("Chrome 142", "Android 15"), ("Chrome 142", "Linux")),  # “desktop site”
    (("Chrome 142", "Linux"), ("Chrome 142", "Android")),
    (("Safari 18", "iOS 18"), ("Safari 18", "macOS")),
    (("Firefox 145", "Linux"), ("", "")),
    (("", ""), ("Firefox 145", "Linux")),
    (("", ""), ("", "")),
    (("Firefox", "Linux"), ("Firefox 145", "Linux")),
    (("Firefox 145", "Linux"), ("Firefox 145", "")),
    (("curl 8.5", ""), ("curl 8.6", "")),
]


def agent(names, **facts):
    return at("Paris", browser=names[0], system=names[1], **facts)


@pytest.mark.parametrize(("before", "now"), CHANGED)
def test_another_browser_or_system(before, now):
    found = agent_changed(moves(agent(before), agent(now)), NOTHING, RULES)
    assert found.evidence["now"]["browser"] == now[0]
    assert found.evidence["before"]["browser"] == before[0]


@pytest.mark.parametrize(("before", "now"), UNCHANGED)
def test_the_same_browser(before, now):
    assert agent_changed(moves(agent(before), agent(now)), NOTHING, RULES) is None


@pytest.mark.parametrize(("before", "now"), CHANGED)
def test_not_at_a_sign_in_nor_in_ones_own_network(before, now):
    """Who signs in again has proved who they are; the office's proxy may rewrite agents."""
    again = Event(Occasion.SIGN_IN, agent(now), agent(before))
    assert agent_changed(again, NOTHING, RULES) is None
    assert agent_changed(moves(agent(before), agent(now)), NOTHING, TRUSTED) is None


@given(st.integers(1, 200), st.integers(1, 200))
def test_newer_is_no_change_and_older_is(before, now):
    event = moves(agent((f"Firefox {before}", "Linux")), agent((f"Firefox {now}", "Linux")))
    assert (agent_changed(event, NOTHING, RULES) is not None) == (now < before)


def test_there_and_back_is_the_same_thing():
    one, other = agent(("Firefox 145", "Linux")), agent(("Chrome 142", "Windows"))
    there = agent_changed(moves(one, other), NOTHING, RULES)
    back = agent_changed(moves(other, one), NOTHING, RULES)
    assert there.thing == back.thing == "Chrome Windows – Firefox Linux"


JUMPS = {
    "another country and operator": (("Paris", {"asn": 3215}), ("London", {"asn": 2856}), RULES),
    "far": (("Paris", {"asn": 3215}), ("Bangkok", {"asn": 23969}), RULES),
    "another country, operators unknown": (("Paris", {}), ("London", {}), RULES),
    "the operator known before": (("Paris", {"asn": 3215}), ("London", {}), RULES),
    "the operator known after": (("Paris", {}), ("London", {"asn": 2856}), RULES),
    "by IPv6": (("Paris", {"ip": "2001:db8:1::1"}), ("London", {"ip": "2001:db8:2::1"}), RULES),
    "from IPv4 to IPv6": (("Paris", {}), ("London", {"ip": "2001:db8:2::1"}), RULES),
    "without cities": (("Paris", {"city": ""}), ("London", {"city": ""}), RULES),
    "beside one's own network": (
        ("Paris", {"ip": "192.0.2.1"}), ("London", {"ip": "192.0.2.2"}), TRUSTED),
    "beside shared ones": (("Paris", {"ip": "192.0.2.1"}), ("London", {"ip": "192.0.2.2"}), SHARED),
}  # fmt: skip
ROAMING = {
    "to the phone's network": (("Paris", {"asn": 3215}), ("Paris", {"asn": 20810}), RULES),
    "a train ride": (("Paris", {"asn": 3215}), ("Lyon", {"asn": 12322}), RULES),
    "one operator abroad": (("Paris", {"asn": 1299}), ("London", {"asn": 1299}), RULES),
    "another address of a privacy-minded phone": (
        ("Paris", {"ip": "2001:db8:0:1::1"}), ("London", {"ip": "2001:db8:0:1::2"}), RULES),
    "the same address, elsewhere by a new database": (
        ("Paris", {"ip": "203.0.113.9"}), ("London", {"ip": "203.0.113.9"}), RULES),
    "to nowhere": (("Paris", {"asn": 3215}), ("", {}), RULES),
    "from nowhere": (("", {}), ("Paris", {"asn": 3215}), RULES),
    "into the VPN": (("Paris", {"ip": "192.0.2.1"}), ("London", {}), TRUSTED),
    "out of the VPN": (("Paris", {}), ("London", {"ip": "192.0.2.1"}), TRUSTED),
    "into the VPN of an operator": (
        ("Paris", {"ip": "192.0.2.1"}), ("London", {"ip": "192.0.2.2", "asn": 64500}), TRUSTED),
    "into a shared address": (("Paris", {"ip": "192.0.2.1"}), ("London", {}), SHARED),
    "to a private address": (("Paris", {}), ("London", {"ip": "10.0.0.1"}), RULES),
    "from a private address": (("Paris", {"ip": "172.16.0.1"}), ("London", {}), RULES),
    "from an unknown address": (("Paris", {"ip": None}), ("London", {}), RULES),
    "the carrier's NAT": (("Paris", {"ip": "100.64.0.1"}), ("London", {"ip": "100.64.0.2"}), RULES),
}  # fmt: skip


@pytest.mark.parametrize("case", [*JUMPS, *ROAMING])
def test_another_network_in_another_country(case):
    (city, facts), (to, to_facts), rules = (JUMPS | ROAMING)[case]
    event = moves(at(city, 5, **facts), at(to, **to_facts))
    found = network_jump(event, NOTHING, rules)
    assert (found is not None) == (case in JUMPS)
    assert network_jump(replace(event, occasion=Occasion.SIGN_IN), NOTHING, rules) is None
