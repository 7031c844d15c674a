"""Places: found, unknown, and the file that comes, goes, breaks and is replaced under us."""

import logging
import os
import threading

import pytest

from sessions_admin import geo
from sessions_admin.geo import (
    NOWHERE,
    NetworkRow,
    Place,
    PlaceRow,
    Subject,
    atlas,
    attribution,
    open_database,
    place_of,
)
from sessions_admin.geo.writing import OUR_TYPES

LYON = PlaceRow("203.0.113.0/24", "Lyon", "France", "FR", 45.76, 4.84)
BERLIN = PlaceRow("2001:db8:1::/48", "Berlin", "Germany", "DE", 52.52, 13.4)
OFFICE = PlaceRow("203.0.113.128/25", "Paris", "France", "FR", 48.86, 2.35)
ROUGH = PlaceRow("198.51.100.0/24", "Wien", "Austria", "AT", 48.2, 16.4, accuracy_km=200)
ACME = NetworkRow("203.0.113.0/24", 64496, "Acme Networks")
IN_LYON = Place("Lyon", "France", "FR", 45.76, 4.84)
IN_BERLIN = Place("Berlin", "Germany", "DE", 52.52, 13.4)


@pytest.fixture
def path(settings, tmp_path, monkeypatch):
    """GEOIP_PATH in a directory of its own; the file is looked at for each address."""
    monkeypatch.setattr(atlas, "LOOK_AGAIN_AFTER", 0.0)
    settings.GEOIP_PATH = str(tmp_path / "city.mmdb")
    return tmp_path / "city.mmdb"


@pytest.fixture
def asn_path(settings, path):
    settings.GEOIP_ASN_PATH = str(path.with_name("asn.mmdb"))
    return path.with_name("asn.mmdb")


def write(path, *rows):
    geo.write_city_database(path, rows)


def test_both_families_are_in_one_file(path):
    write(path, LYON, BERLIN)
    assert place_of("203.0.113.9") == IN_LYON
    assert place_of("2001:db8:1::9") == IN_BERLIN


@pytest.mark.parametrize(
    "ip", [None, "", "10.0.0.1", "127.0.0.1", "fe80::1", "192.0.2.1", "2001:db8:2::1", "nonsense"]
)
def test_other_addresses_are_nowhere(path, ip):
    write(path, LYON, BERLIN)
    assert place_of(ip) == NOWHERE


@pytest.mark.parametrize("rows", [(LYON, OFFICE), (OFFICE, LYON)])
def test_the_narrower_network_wins_in_any_order(path, rows):
    write(path, *rows)
    assert place_of("203.0.113.9").city == "Lyon"
    assert place_of("203.0.113.200").city == "Paris"


def test_the_radius_comes_along_when_it_is_known(path):
    write(path, LYON, ROUGH)
    assert place_of("198.51.100.9").accuracy_km == 200
    assert place_of("203.0.113.9").accuracy_km is None


def test_the_network_comes_from_a_file_of_its_own(path, asn_path):
    write(path, LYON, ROUGH)
    geo.write_network_database(asn_path, [ACME])
    found = place_of("203.0.113.9")
    assert (found.city, found.asn, found.network) == ("Lyon", 64496, "Acme Networks")
    assert place_of("198.51.100.9").asn is None


def test_a_network_is_known_without_a_place(path, asn_path):
    geo.write_network_database(asn_path, [ACME])
    assert place_of("203.0.113.9") == Place(asn=64496, network="Acme Networks")
    asn_path.unlink()
    assert place_of("203.0.113.9") == NOWHERE


def test_a_broken_file_of_networks_leaves_the_places(path, asn_path, caplog):
    write(path, LYON)
    asn_path.write_bytes(b"junk")
    with caplog.at_level(logging.WARNING, logger="sessions_admin.geo.atlas"):
        assert place_of("203.0.113.9") == IN_LYON
    assert "Networks are unknown" in caplog.text


def test_without_a_setting_nothing_is_known(settings):
    settings.GEOIP_PATH = settings.GEOIP_ASN_PATH = ""
    assert place_of("203.0.113.9") == NOWHERE


# --- whose data it is ------------------------------------------------------------------------


def name_them(monkeypatch, city, asn="GeoLite2-ASN"):
    """What is written from now on calls itself so."""
    monkeypatch.setitem(OUR_TYPES, Subject.CITY, city)
    monkeypatch.setitem(OUR_TYPES, Subject.ASN, asn)


@pytest.mark.parametrize(
    ("city", "asn", "texts"),
    [
        ("DBIP-City-Lite", "DBIP-ASN-Lite (compat=GeoLite2-ASN)", ["IP Geolocation by DB-IP"]),
        ("GeoLite2-City", "GeoLite2-ASN", ["created by MaxMind"]),
        ("GeoIP2-City-Europe", "", ["created by MaxMind"]),
        ("DBIP-City-Lite", "GeoLite2-ASN", ["DB-IP", "MaxMind"]),
        ("Latchkey-City", "Latchkey-ASN (compat=GeoLite2-ASN)", []),
        ("", "", []),
    ],
)
def test_the_credit_goes_to_the_maker_of_the_data(path, asn_path, monkeypatch, city, asn, texts):
    name_them(monkeypatch, city, asn)
    if city:
        write(path, LYON)
    if asn:
        geo.write_network_database(asn_path, [ACME])
    credits = attribution()
    assert len(credits) == len(texts)
    for credit, text in zip(credits, texts, strict=True):
        assert text in credit.text
        assert credit.url.startswith("https://")


def test_no_credit_for_a_file_that_cannot_be_read(path, monkeypatch):
    name_them(monkeypatch, "DBIP-City-Lite")
    write(path, LYON)
    assert attribution()
    path.write_bytes(b"junk")
    assert attribution() == []


# --- when the file changes -------------------------------------------------------------------


def test_the_file_may_come_change_and_go(path):
    assert place_of("203.0.113.9") == NOWHERE
    write(path, LYON)
    assert place_of("203.0.113.9") == IN_LYON
    write(path, PlaceRow("203.0.113.0/24", "Oslo", "Norway", "NO", 59.9, 10.7))
    assert place_of("203.0.113.9").city == "Oslo"
    path.unlink()
    assert place_of("203.0.113.9") == NOWHERE


def test_a_replaced_file_is_noticed_after_a_while_only(path, monkeypatch):
    write(path, LYON)
    assert place_of("203.0.113.9") == IN_LYON
    monkeypatch.setattr(atlas, "LOOK_AGAIN_AFTER", 60.0)
    assert place_of("203.0.113.9") == IN_LYON  # looked at again, for a minute to come
    path.unlink()
    assert place_of("203.0.113.9") == IN_LYON


def test_a_corrupt_file_is_said_once_for_each_change(path, caplog):
    path.write_bytes(b"not a database")
    with caplog.at_level(logging.WARNING, logger="sessions_admin.geo.atlas"):
        assert [place_of("203.0.113.9") for _ in range(3)] == [NOWHERE] * 3
        assert len(caplog.records) == 1
        path.write_bytes(b"still not a database")
        assert place_of("203.0.113.9") == NOWHERE
    assert len(caplog.records) == 2
    assert "Places are unknown" in caplog.text


def test_a_file_damaged_in_the_middle_is_nowhere(path, caplog):
    write(path, LYON, BERLIN)
    whole = path.read_bytes()
    metadata = whole.rindex(b"\xab\xcd\xefMaxMind.com")
    path.write_bytes(b"\xff" * metadata + whole[metadata:])
    assert [place_of("203.0.113.9") for _ in range(3)] == [NOWHERE] * 3
    assert len(caplog.records) == 1


def test_a_file_overwritten_in_place_harms_nobody(path):
    write(path, LYON, BERLIN)
    assert place_of("203.0.113.9") == IN_LYON
    with path.open("r+b") as file:
        file.truncate(100)
    assert place_of("203.0.113.9") == NOWHERE


def test_a_database_of_another_kind_is_refused(tmp_path):
    path = tmp_path / "some.mmdb"
    write(path, LYON)
    with pytest.raises(geo.NotADatabaseError, match="not an ASN database"):
        open_database(path, Subject.ASN)
    geo.write_network_database(path, [ACME])
    with pytest.raises(geo.NotADatabaseError, match="not a City database"):
        open_database(path)


def test_many_threads_may_ask_while_the_file_is_replaced(path):
    write(path, LYON)
    seen, stop = set(), threading.Event()

    def ask():
        while not stop.is_set():
            seen.add(place_of("203.0.113.9").city)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(30):
        write(path, PlaceRow("203.0.113.0/24", f"City {number % 2}", "France", "FR", 1.0, 2.0))
        place_of("203.0.113.9")
    stop.set()
    for thread in threads:
        thread.join()
    assert seen <= {"Lyon", "City 0", "City 1"}
    assert place_of("203.0.113.9").city == "City 1"


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(path):
    write(path, LYON)
    with pytest.raises(ValueError, match="not appear to be"):
        write(path, PlaceRow("nonsense", "", "", "", 0.0, 0.0))
    with pytest.raises(OSError, match="full"):
        geo.install(path, _fail)
    assert os.listdir(path.parent) == ["city.mmdb"]
    assert place_of("203.0.113.9") == IN_LYON


def _fail(name):
    raise OSError("disk full")


def test_other_users_may_read_the_file(path):
    write(path, LYON)
    assert path.stat().st_mode & 0o777 == 0o644
