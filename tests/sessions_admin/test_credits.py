"""Whose place data is shown: said on every page that shows any."""

import pytest

from sessions_admin.geo import PlaceRow, Subject, atlas, write_city_database
from sessions_admin.geo.writing import OUR_TYPES
from sessions_admin.vocabulary import AtLimit
from tests.holdings import hold

LINK = '<a href="https://db-ip.com" lang="en">IP Geolocation by DB-IP</a>'
SIGNED_IN = ["/sessions/", "/users/", "/users/right-now/", "/admin/sessions_admin/session/"]


@pytest.fixture
def db_ip(settings, tmp_path, monkeypatch):
    """The places in use are DB-IP's."""
    monkeypatch.setattr(atlas, "LOOK_AGAIN_AFTER", 0.0)
    monkeypatch.setitem(OUR_TYPES, Subject.CITY, "DBIP-City-Lite")
    settings.GEOIP_PATH = str(tmp_path / "city.mmdb")
    write_city_database(
        settings.GEOIP_PATH, [PlaceRow("203.0.113.0/24", "Lyon", "France", "FR", 45.8, 4.8)]
    )


def page(browser_of, cast, url):
    user = cast.operator if url.startswith("/admin/") else cast.owner
    return browser_of(user).get(url).content.decode()


@pytest.mark.parametrize("url", SIGNED_IN)
def test_pages_with_places_name_the_maker(db_ip, browser_of, cast, url):
    assert page(browser_of, cast, url).count(LINK) == 1


@pytest.mark.parametrize("url", SIGNED_IN)
def test_nobody_is_named_without_data(browser_of, cast, url):
    assert "db-ip.com" not in page(browser_of, cast, url)


def test_the_page_at_the_limit_names_the_maker(db_ip, browser_of, cast, policy_of):
    policy_of(cast.acme, max_live_sessions_enabled=True, max_live_sessions=1, at_limit=AtLimit.ASK)
    hold(cast.member, cast.acme)
    browser = browser_of()
    assert browser.sign_in(cast.member).url == "/accounts/limit/"
    assert browser.get("/accounts/limit/").content.decode().count(LINK) == 1


def test_nobody_is_named_before_places_are_shown(db_ip, client):
    assert LINK not in client.get("/accounts/login/").content.decode()
