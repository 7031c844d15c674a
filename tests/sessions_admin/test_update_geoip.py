"""manage.py update_geoip: from files, and from servers that fail, truncate, redirect and lie."""

import gzip
import hashlib
import io
import os
import tarfile
import threading
import time
from base64 import b64encode
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from sessions_admin.geo import (
    NetworkRow,
    PlaceRow,
    Subject,
    atlas,
    checking,
    fetching,
    place_of,
    sources,
    unpacking,
    write_city_database,
    write_network_database,
)
from sessions_admin.geo.writing import OUR_TYPES

LYON = PlaceRow("203.0.113.0/24", "Lyon", "France", "FR", 45.76, 4.84)
OSLO = PlaceRow("203.0.113.0/24", "Oslo", "Norway", "NO", 59.9, 10.7)
ACME = NetworkRow("203.0.113.0/24", 64496, "Acme Networks")
NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)


@pytest.fixture
def path(settings, tmp_path, monkeypatch):
    """GEOIP_PATH in a directory of its own; the file is looked at for each address."""
    monkeypatch.setattr(atlas, "LOOK_AGAIN_AFTER", 0.0)
    settings.GEOIP_PATH = str(tmp_path / "geo" / "city.mmdb")
    settings.GEOIP_ASN_PATH = ""
    return Path(settings.GEOIP_PATH)


@pytest.fixture
def asn_path(settings, path):
    settings.GEOIP_ASN_PATH = str(path.with_name("asn.mmdb"))
    return Path(settings.GEOIP_ASN_PATH)


def update_geoip(*arguments):
    output = StringIO()
    call_command("update_geoip", *map(str, arguments), stdout=output)
    return output.getvalue()


def left_in(path):
    return sorted(os.listdir(path.parent)) if path.parent.exists() else []


# --- from files ------------------------------------------------------------------------------


@pytest.fixture
def download(tmp_path):
    file = tmp_path / "download" / "new.mmdb"
    write_city_database(file, [LYON])
    return file


@pytest.fixture
def asn_download(tmp_path):
    file = tmp_path / "download" / "new-asn.mmdb"
    write_network_database(file, [ACME])
    return file


def test_it_installs_a_file(path, download):
    assert "Installed the City data of" in update_geoip(download)
    assert place_of("203.0.113.9").city == "Lyon"
    assert download.exists()
    assert left_in(path) == ["city.mmdb"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_it_knows_files_by_what_is_in_them(path, asn_path, download, asn_download):
    output = update_geoip(asn_download, download)
    assert "City data" in output
    assert "ASN data" in output
    assert place_of("203.0.113.9").network == "Acme Networks"
    assert place_of("203.0.113.9").city == "Lyon"


def test_of_two_files_both_are_installed_or_none(path, asn_path, download, asn_download):
    asn_download.write_bytes(asn_download.read_bytes()[:-40])
    with pytest.raises(CommandError, match="cannot be used"):
        update_geoip(download, asn_download)
    assert left_in(path) == []


def test_one_target_that_cannot_be_replaced_leaves_the_other(
    path, asn_path, download, asn_download
):
    write_city_database(path, [OSLO])
    before = path.read_bytes()
    (asn_path / "in the way").mkdir(parents=True)
    with pytest.raises(CommandError, match="cannot be installed"):
        update_geoip(download, asn_download)
    assert path.read_bytes() == before
    assert left_in(path) == ["asn.mmdb", "city.mmdb"]


def test_a_first_file_is_taken_back_when_the_second_cannot_follow(
    path, asn_path, download, asn_download
):
    (asn_path / "in the way").mkdir(parents=True)
    with pytest.raises(CommandError, match="cannot be installed"):
        update_geoip(download, asn_download)
    assert left_in(path) == ["asn.mmdb"]


def test_two_files_of_one_kind_are_a_mistake(path, download, tmp_path):
    with pytest.raises(CommandError, match="both City"):
        update_geoip(download, download)


def test_dry_run_installs_nothing(path, download):
    assert "would be installed" in update_geoip(download, "--dry-run")
    assert not path.exists()


def test_twice_says_so(path, download):
    update_geoip(download)
    before = path.stat().st_ino
    assert "already installed" in update_geoip(download)
    assert path.stat().st_ino == before


def test_it_refuses_an_older_file(path, download, time_machine):
    time_machine.move_to("2099-01-01")
    write_city_database(path, [OSLO])
    with pytest.raises(CommandError, match="older than the installed one of 2099-01-01"):
        update_geoip(download)
    assert place_of("203.0.113.9").city == "Oslo"


def test_another_makers_file_may_be_older(path, download, time_machine, monkeypatch):
    time_machine.move_to("2099-01-01")
    monkeypatch.setitem(OUR_TYPES, Subject.CITY, "GeoLite2-City")
    write_city_database(path, [OSLO])
    assert "Installed" in update_geoip(download)
    assert place_of("203.0.113.9").city == "Lyon"


def test_it_replaces_a_broken_file(path, download):
    path.parent.mkdir()
    path.write_bytes(b"broken")
    assert "Installed" in update_geoip(download)
    assert place_of("203.0.113.9").city == "Lyon"


def test_it_refuses_what_is_neither(path, download):
    whole = download.read_bytes()
    for broken in (b"", b"junk", whole[:-40], whole.replace(b"Latchkey-City", b"Latchkey-Town")):
        download.write_bytes(broken)
        with pytest.raises(CommandError, match="cannot be used"):
            update_geoip(download)
    assert not path.exists()


def test_it_refuses_an_empty_database(path, tmp_path):
    write_city_database(tmp_path / "empty.mmdb", [])
    with pytest.raises(CommandError, match="no networks"):
        update_geoip(tmp_path / "empty.mmdb")


def test_it_says_what_is_missing(settings, path, download, asn_download, tmp_path):
    with pytest.raises(CommandError, match="is not a file"):
        update_geoip(tmp_path / "nowhere.mmdb")
    with pytest.raises(CommandError, match="Set GEOIP_ASN_PATH") as failure:
        update_geoip(asn_download)
    assert failure.value.returncode == 2
    settings.GEOIP_PATH = str(download / "below-a-file.mmdb")
    with pytest.raises(CommandError, match="cannot be installed"):
        update_geoip(download)
    settings.GEOIP_PATH = ""
    with pytest.raises(CommandError, match="Set GEOIP_PATH"):
        update_geoip(download)
    with pytest.raises(CommandError, match="Set GEOIP_PATH and GEOIP_ASN_PATH"):
        update_geoip()


# --- from a server ---------------------------------------------------------------------------


class Server(ThreadingHTTPServer):
    """Answers with what a test has put there; remembers what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answering)
        self.files, self.asked = {}, []
        self.stopping = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answering(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append((self.path, dict(self.headers)))
        answer = server.files.get(self.path)
        if answer is None:
            self.reply(404, b"<h1>Not here</h1>")
        elif isinstance(answer, bytes):
            self.serve(answer)
        else:
            answer(self)

    def serve(self, body):
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        if self.headers.get("If-None-Match") == etag:
            return self.reply(304)
        return self.reply(200, body, ETag=etag)

    def reply(self, code, body=b"", length=None, **headers):
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.stopping.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def small(monkeypatch):
    """Databases of a few networks are large enough, and so are small archives too large."""
    monkeypatch.setattr(checking, "LEAST_BYTES", {Subject.CITY: 500, Subject.ASN: 500})
    monkeypatch.setattr(unpacking, "MOST_BYTES", 1_000_000)
    monkeypatch.setattr(fetching, "MOST_ARCHIVE_BYTES", 900_000)


@pytest.fixture
def dbip(settings, server, path, asn_path, small, monkeypatch, time_machine):
    """DB-IP's server on the first of March 2026: nothing is there yet."""
    time_machine.move_to(NOW)
    monkeypatch.setitem(OUR_TYPES, Subject.CITY, "DBIP-City-Lite")
    monkeypatch.setitem(OUR_TYPES, Subject.ASN, "DBIP-ASN-Lite (compat=GeoLite2-ASN)")
    settings.GEOIP_SOURCE, settings.GEOIP_MIRROR = "dbip", server.url
    return server


@pytest.fixture
def maxmind(settings, server, path, asn_path, small, monkeypatch):
    monkeypatch.setitem(OUR_TYPES, Subject.CITY, "GeoLite2-City")
    monkeypatch.setitem(OUR_TYPES, Subject.ASN, "GeoLite2-ASN")
    settings.GEOIP_SOURCE, settings.GEOIP_MIRROR = "maxmind", server.url
    settings.MAXMIND_ACCOUNT_ID, settings.MAXMIND_LICENSE_KEY = "4711", "the-license-key"
    return server


CITY, ASN = "/free/dbip-city-lite-2026-03.mmdb.gz", "/free/dbip-asn-lite-2026-03.mmdb.gz"
CITY_BEFORE, ASN_BEFORE = (url.replace("-03", "-02") for url in (CITY, ASN))
GEOLITE_CITY = "/geoip/databases/GeoLite2-City/download?suffix=tar.gz"
GEOLITE_ASN = "/geoip/databases/GeoLite2-ASN/download?suffix=tar.gz"


def city_file(tmp_path, *rows, known=True):
    """A City database of these rows, and of the addresses that everybody knows."""
    world = [PlaceRow(ip, "", "", country, 1.0, 2.0) for ip, (country, _) in known_to(known)]
    write_city_database(tmp_path / "made.mmdb", [*rows, *world])
    return (tmp_path / "made.mmdb").read_bytes()


def asn_file(tmp_path, *rows, known=True):
    world = [NetworkRow(ip, asn, "Somebody") for ip, (_, asn) in known_to(known)]
    write_network_database(tmp_path / "made.mmdb", [*rows, *world])
    return (tmp_path / "made.mmdb").read_bytes()


def known_to(known):
    return checking.WELL_KNOWN.items() if known else ()


@pytest.fixture
def both(tmp_path):
    """A good City and a good ASN database."""

    def make(*rows):
        return city_file(tmp_path, *(rows or (LYON,))), asn_file(tmp_path, ACME)

    return make


def tar_of(**members):
    """A .tar.gz as MaxMind's, or worse: name to content, or to a function of the TarInfo."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if callable(content):
                content(info)
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def offer(server, url, archive, checksum=None):
    server.files[url] = archive
    digest = hashlib.sha256(archive).hexdigest() if checksum is None else checksum
    server.files[f"{url}.sha256"] = f"{digest}  GeoLite2_20260301.tar.gz\n".encode()


def offer_both(server, city, asn):
    offer(server, GEOLITE_CITY, tar_of(**{"GeoLite2-City_20260301/GeoLite2-City.mmdb": city}))
    offer(server, GEOLITE_ASN, tar_of(**{"GeoLite2-ASN_20260301/GeoLite2-ASN.mmdb": asn}))


def assert_refused(path, match, *, code=1):
    """The command fails so, and leaves what was there."""
    before = left_in(path)
    with pytest.raises(CommandError, match=match) as failure:
        update_geoip()
    assert failure.value.returncode == code
    assert left_in(path) == before
    assert "the-license-key" not in str(failure.value)


# --- what is right ---------------------------------------------------------------------------


def test_both_databases_come_from_db_ip(dbip, path, both):
    city, asn = both()
    dbip.files |= {CITY: gzip.compress(city), ASN: gzip.compress(asn)}
    output = update_geoip()
    assert "Installed the City data" in output
    assert "Installed the ASN data" in output
    found = place_of("203.0.113.9")
    assert (found.city, found.asn) == ("Lyon", 64496)
    assert path.stat().st_mode & 0o777 == 0o644
    assert all("Authorization" not in headers for _, headers in dbip.asked)


def test_only_what_is_new_is_downloaded_again(dbip, both, time_machine):
    city, asn = both()
    dbip.files |= {CITY: gzip.compress(city), ASN: gzip.compress(asn)}
    update_geoip()
    dbip.asked.clear()
    assert update_geoip().count("already installed") == 2
    assert all("If-None-Match" in headers for _, headers in dbip.asked)

    time_machine.move_to(NOW.replace(day=2))
    city, _ = both(OSLO)
    dbip.files[CITY] = gzip.compress(city)
    output = update_geoip()
    assert "Installed the City data" in output
    assert "ASN data of 2026-03-01 is already installed" in output
    assert place_of("203.0.113.9").city == "Oslo"


def test_the_month_before_serves_until_the_new_one_is_there(dbip, both, time_machine):
    city, asn = both()
    dbip.files |= {CITY_BEFORE: gzip.compress(city), ASN_BEFORE: gzip.compress(asn)}
    assert update_geoip().count("Installed") == 2
    assert update_geoip().count("already installed") == 2
    time_machine.move_to(NOW.replace(day=2))
    city, asn = both(OSLO)
    dbip.files |= {CITY: gzip.compress(city), ASN: gzip.compress(asn)}
    assert update_geoip().count("Installed") == 2


def test_a_damaged_file_is_downloaded_again(dbip, path, both):
    city, asn = both()
    dbip.files |= {CITY: gzip.compress(city), ASN: gzip.compress(asn)}
    update_geoip()
    path.write_bytes(b"x" * path.stat().st_size)
    assert "Installed the City data" in update_geoip()
    assert place_of("203.0.113.9").city == "Lyon"


def test_a_broken_receipt_costs_a_download_only(dbip, path, both):
    city, asn = both()
    dbip.files |= {CITY: gzip.compress(city), ASN: gzip.compress(asn)}
    update_geoip()
    path.with_name("city.mmdb.receipt").write_text("[]")
    assert update_geoip().count("already installed") == 2


def test_dry_run_downloads_checks_and_installs_nothing(dbip, path, both):
    city, asn = both()
    dbip.files |= {CITY: gzip.compress(city), ASN: gzip.compress(asn)}
    output = StringIO()
    call_command("update_geoip", "--dry-run", stdout=output)
    assert output.getvalue().count("would be installed") == 2
    assert left_in(path) == []


def test_places_alone_when_networks_are_not_wanted(dbip, settings, both):
    settings.GEOIP_ASN_PATH = ""
    dbip.files[CITY] = gzip.compress(both()[0])
    assert "Installed the City data" in update_geoip()
    assert [path for path, _ in dbip.asked] == [CITY]


def test_both_databases_come_from_maxmind(maxmind, both):
    offer_both(maxmind, *both())
    assert update_geoip().count("Installed") == 2
    assert place_of("203.0.113.9").network == "Acme Networks"
    key = b64encode(b"4711:the-license-key").decode()
    assert {headers["Authorization"] for _, headers in maxmind.asked} == {f"Basic {key}"}
    maxmind.asked.clear()
    assert update_geoip().count("already installed") == 2
    sums = {f"{url}.sha256" for url in (GEOLITE_CITY, GEOLITE_ASN)}
    assert {path for path, _ in maxmind.asked} == sums


def test_maxmind_needs_an_account(maxmind, settings, path):
    settings.MAXMIND_LICENSE_KEY = ""
    assert_refused(path, "set MAXMIND_ACCOUNT_ID and MAXMIND_LICENSE_KEY", code=2)
    assert maxmind.asked == []


def test_the_makers_own_servers_are_asked_by_https():
    found = [
        offer
        for source in sources.Source for subject in Subject
        for offer in sources.offers(source, subject, datetime(2026, 1, 31, tzinfo=UTC))
    ]  # fmt: skip
    assert {offer.url for offer in found} == {
        "https://download.db-ip.com/free/dbip-city-lite-2026-01.mmdb.gz",
        "https://download.db-ip.com/free/dbip-city-lite-2025-12.mmdb.gz",
        "https://download.db-ip.com/free/dbip-asn-lite-2026-01.mmdb.gz",
        "https://download.db-ip.com/free/dbip-asn-lite-2025-12.mmdb.gz",
        "https://download.maxmind.com/geoip/databases/GeoLite2-City/download?suffix=tar.gz",
        "https://download.maxmind.com/geoip/databases/GeoLite2-ASN/download?suffix=tar.gz",
    }


# --- a server that fails ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "match", "code"),
    [
        (404, "has no /free", 1),
        (401, "check the account", 1),
        (403, "check the account", 1),
        (418, "answers 418", 1),
        (429, "busy or broken", 75),
        (500, "busy or broken", 75),
        (503, "busy or broken", 75),
    ],
)
def test_a_server_that_refuses(dbip, path, status, match, code):
    dbip.files[CITY] = lambda to: to.reply(status, b"no")
    assert_refused(path, match, code=code)


def test_a_server_that_is_not_there(dbip, settings, path):
    settings.GEOIP_MIRROR = "http://127.0.0.1:1"
    assert_refused(path, "cannot be reached", code=75)


def test_a_server_that_hangs_up(dbip, path):
    dbip.files[CITY] = lambda to: to.wfile.write(b"HTTP/1.0 200 OK\r\nContent-Length: 9")
    assert_refused(path, "stopped answering|Only 0 of 9", code=75)


def test_one_that_talks_nonsense(dbip, path):
    dbip.files[CITY] = lambda to: to.wfile.write(b"220 smtp.example.com ESMTP\r\n")
    assert_refused(path, "stopped answering", code=75)


def test_the_first_of_two_is_not_installed_when_the_second_fails(dbip, path, both):
    dbip.files[CITY] = gzip.compress(both()[0])
    dbip.files[ASN] = lambda to: to.reply(500)
    assert_refused(path, "busy or broken", code=75)


def test_what_was_there_stays_when_anything_fails(dbip, path, both):
    city, asn = both()
    dbip.files |= {CITY: gzip.compress(city), ASN: gzip.compress(asn)}
    update_geoip()
    before = path.read_bytes()
    dbip.files |= {CITY: gzip.compress(both(OSLO)[0]), ASN: b"junk"}
    assert_refused(path, "no gzip file")
    assert path.read_bytes() == before
    assert place_of("203.0.113.9").city == "Lyon"


# --- a server that truncates, drips, or sends too much ---------------------------------------


def test_a_file_that_ends_too_early(dbip, path, both):
    packed = gzip.compress(both()[0])
    dbip.files[CITY] = lambda to: to.reply(200, packed[:-100], length=len(packed))
    assert_refused(path, "of .* bytes came", code=75)


def test_a_file_that_is_cut_without_a_word(dbip, path, both):
    dbip.files[CITY] = gzip.compress(both()[0])[:-100]
    assert_refused(path, "not a whole one")


@pytest.mark.parametrize("during", ["headers", "body"])
def test_a_slow_drip(dbip, path, monkeypatch, during):
    monkeypatch.setattr(fetching, "LONGEST", 0.5)

    def drip(to):
        to.wfile.write(b"HTTP/1.0 200 OK\r\n" + (b"\r\n" if during == "body" else b"X: "))
        while not dbip.stopping.wait(0.05):
            try:
                to.wfile.write(b"x")
            except OSError:
                return

    dbip.files[CITY] = drip
    began = time.monotonic()
    assert_refused(path, "more than 0.5 seconds", code=75)
    assert time.monotonic() - began < 5


def test_a_server_that_falls_silent(dbip, path, monkeypatch):
    monkeypatch.setattr(fetching, "SILENCE", 0.3)
    dbip.files[CITY] = lambda to: dbip.stopping.wait(20)
    assert_refused(path, "cannot be reached|stopped answering", code=75)


def test_more_than_anybody_would_send(dbip, path):
    dbip.files[CITY] = os.urandom(950_000)
    assert_refused(path, "more than 0 MB")


def test_a_gzip_bomb(dbip, path):
    dbip.files[CITY] = gzip.compress(bytes(2_000_000))
    assert_refused(path, "unpacks to more")


# --- a server that lies ----------------------------------------------------------------------


def test_html_instead(dbip, path):
    dbip.files[CITY] = b"<!doctype html><title>Sign in to the hotel's network</title>"
    assert_refused(path, "no gzip file")


def test_something_else_in_the_archive(dbip, path):
    dbip.files[CITY] = gzip.compress(b"not a database")
    assert_refused(path, "cannot be used")


def test_the_other_kind_of_database(dbip, path, both):
    city, asn = both()
    dbip.files |= {CITY: gzip.compress(asn), ASN: gzip.compress(city)}
    assert_refused(path, "not a City database")


def test_a_tiny_database(dbip, path, tmp_path, monkeypatch):
    monkeypatch.setitem(checking.LEAST_BYTES, Subject.CITY, 1_000_000)
    dbip.files[CITY] = gzip.compress(city_file(tmp_path, LYON))
    assert_refused(path, "too few to know the world")


def test_a_database_that_does_not_know_the_world(dbip, path, tmp_path):
    dbip.files[CITY] = gzip.compress(city_file(tmp_path, LYON, known=False))
    assert_refused(path, "well-known addresses")


def test_one_that_places_the_world_wrongly(dbip, path, both, tmp_path, monkeypatch):
    everywhere = dict.fromkeys(checking.WELL_KNOWN, ("XX", 1))
    city = both()[0]
    with monkeypatch.context() as patch:
        patch.setattr(checking, "WELL_KNOWN", everywhere)
        asn = asn_file(tmp_path)
    dbip.files |= {CITY: gzip.compress(city), ASN: gzip.compress(asn)}
    assert_refused(path, "well-known addresses")


def test_an_older_database(dbip, path, both, time_machine):
    city, asn = both()
    time_machine.move_to(NOW.replace(day=3))
    dbip.files |= {CITY: gzip.compress(both(OSLO)[0]), ASN: gzip.compress(asn)}
    update_geoip()
    dbip.files[CITY] = gzip.compress(city)
    assert_refused(path, "older than the installed one of 2026-03-03")
    assert place_of("203.0.113.9").city == "Oslo"


def test_a_wrong_checksum(maxmind, path, both):
    offer_both(maxmind, *both())
    offer(maxmind, GEOLITE_CITY, maxmind.files[GEOLITE_CITY], checksum="0" * 64)
    assert_refused(path, "does not match its checksum")


@pytest.mark.parametrize("text", [b"", b"<html>", b"abc  GeoLite2.tar.gz", b"\xff" * 5000])
def test_a_checksum_that_is_none(maxmind, path, both, text):
    offer_both(maxmind, *both())
    maxmind.files[f"{GEOLITE_CITY}.sha256"] = text
    assert_refused(path, "is no checksum")


# --- an archive that is a trap ---------------------------------------------------------------


def test_paths_out_of_the_archive_are_not_followed(maxmind, path, both, tmp_path):
    city, asn = both()
    offer_both(maxmind, city, asn)
    escape = {
        "../../escaped.txt": b"out",
        f"{tmp_path}/absolute.txt": b"out",
        "../../../GeoLite2-City.mmdb": city,
    }
    offer(maxmind, GEOLITE_CITY, tar_of(**escape))
    assert update_geoip().count("Installed") == 2
    assert left_in(path) == ["asn.mmdb", "asn.mmdb.receipt", "city.mmdb", "city.mmdb.receipt"]
    assert not list(tmp_path.rglob("*.txt"))


def link_to(target, kind=tarfile.SYMTYPE):
    def make(info):
        info.type, info.linkname = kind, target

    return make


@pytest.mark.parametrize(
    ("members", "match"),
    [
        ({"LICENSE.txt": b"none"}, "no GeoLite2-City.mmdb in it"),
        ({"a/GeoLite2-City.mmdb": link_to("/etc/passwd")}, "no GeoLite2-City.mmdb in it"),
        ({"a/GeoLite2-City.mmdb": link_to("/etc/passwd", tarfile.LNKTYPE)}, "no GeoLite2-City"),
        ({"a/GeoLite2-City.mmdb": link_to("", tarfile.FIFOTYPE)}, "no GeoLite2-City"),
        ({"a/GeoLite2-City.mmdb": link_to("", tarfile.DIRTYPE)}, "no GeoLite2-City"),
        ({"filler": bytes(2_000_000), "a/GeoLite2-City.mmdb": b""}, "unpacks to more"),
        ({"a/GeoLite2-City.mmdb": bytes(2_000_000)}, "not as large as a database may be"),
    ],
)
def test_only_the_database_is_taken(maxmind, path, both, members, match):
    offer_both(maxmind, *both())
    offer(maxmind, GEOLITE_CITY, tar_of(**members))
    assert_refused(path, match)


def test_an_archive_that_is_none(maxmind, path, both):
    offer_both(maxmind, *both())
    offer(maxmind, GEOLITE_CITY, gzip.compress(b"no tar" * 1000))
    assert_refused(path, "no .tar.gz file")


# --- redirects -------------------------------------------------------------------------------


def redirect(target):
    return lambda to: to.reply(302, Location=target)


def test_the_key_stays_with_the_server_that_was_asked(maxmind, both):
    offer_both(maxmind, *both())
    with Server() as elsewhere:
        thread = threading.Thread(target=elsewhere.serve_forever, args=(0.01,))
        thread.start()
        elsewhere.files["/signed"] = maxmind.files[GEOLITE_CITY]
        maxmind.files[GEOLITE_CITY] = redirect(f"{elsewhere.url}/signed")
        assert update_geoip().count("Installed") == 2
        elsewhere.shutdown()
        thread.join()
    assert [path for path, _ in elsewhere.asked] == ["/signed"]
    assert all("Authorization" not in headers for _, headers in elsewhere.asked)


@pytest.mark.parametrize(
    "target",
    ["http://example.com/x.gz", "ftp://127.0.0.1/x.gz", "file:///etc/passwd", "http://[::1", "//"],
)
def test_a_redirect_to_where_nobody_may_listen_in(dbip, path, target):
    dbip.files[CITY] = redirect(target)
    assert_refused(path, "not https|answers 302|no address")


def test_redirects_without_end(dbip, path):
    dbip.files[CITY] = redirect(CITY)
    assert_refused(path, "answers 302")


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://mirror.example.com/x", True),
        ("http://127.0.0.1:8000/x", True),
        ("http://mirror.example.com/x", False),
        ("http://127.0.0.1.example.com/x", False),
        ("http://user@example.com/", False),
        ("file:///etc/passwd", False),
        ("https:///x", False),
        ("", False),
        ("https://[", False),
    ],
)
def test_who_may_be_asked(url, may):
    assert fetching.may_be_asked(url) is may


def test_https_never_falls_back_to_this_machine(monkeypatch):
    request = fetching.Request("https://download.example.com/x")
    with pytest.raises(fetching.FetchError, match="not https"):
        fetching._Redirects().redirect_request(
            request, io.BytesIO(), 302, "", None, "http://127.0.0.1/x"
        )
