"""/profile/"""

import pytest

from accounts.models import User

FIELDS = {"display_name": "Dave M.", "time_zone": "Europe/Lisbon", "language": "en"}


def save(client, **changes):
    return client.post("/profile/", FIELDS | changes)


def test_it_shows_what_is_saved(device):
    form = device.get("/profile/").context["form"]
    assert form["display_name"].value() == "Dave Moreau"
    assert form["time_zone"].value() == "Europe/Berlin"
    assert form["language"].value() == "en"


def test_it_saves_and_says_so(device, member):
    response = device.post("/profile/", FIELDS, follow=True)
    assert "Your profile was saved." in response.content.decode()
    member.refresh_from_db()
    assert member.display_name == "Dave M."
    assert member.time_zone == "Europe/Lisbon"


def test_it_speaks_the_language_from_then_on(device):
    save(device, language="de")
    assert device.get("/profile/").wsgi_request.LANGUAGE_CODE == "de"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Middle/Earth"),
        ("time_zone", ""),
        ("time_zone", "../../etc/passwd"),
        ("language", "tlh"),
        ("display_name", "x" * 81),
    ],
)
def test_it_refuses_what_makes_no_sense(device, member, field, value):
    response = save(device, **{field: value})
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert response.wsgi_request.user.display_name == "Dave Moreau"
    member.refresh_from_db()
    assert member.display_name == "Dave Moreau"


def test_it_keeps_a_time_zone_that_the_list_does_not_offer(device, member):
    User.objects.filter(pk=member.pk).update(time_zone="Etc/GMT+5")
    assert save(device, time_zone="Etc/GMT+5").status_code == 302


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Dave  ", "Dave"),
        ("Dave\u202egnp.exe", "Davegnp.exe"),
        ("Dave\x07", "Dave"),
        ("آن\u200cها", "آن\u200cها"),
        ("", ""),
    ],
)
def test_it_strips_what_cannot_be_seen_from_the_name(device, member, typed, kept):
    save(device, display_name=typed)
    member.refresh_from_db()
    assert member.display_name == kept


def test_it_shows_a_name_as_text(device):
    save(device, display_name="<b>Dave</b>")
    page = device.get("/profile/").content.decode()
    assert "<b>Dave</b>" not in page
    assert "&lt;b&gt;Dave&lt;/b&gt;" in page


def test_it_changes_nothing_else(device, member):
    save(device, email="evil@acme.test", is_operator="on", is_active="")
    member.refresh_from_db()
    assert member.email == "member@acme.test"
    assert not member.is_operator
    assert member.is_active


def test_it_links_to_the_credentials(device):
    page = device.get("/profile/").content.decode()
    assert 'href="/accounts/password/change/"' in page
    assert 'href="/accounts/2fa/"' in page


def test_it_needs_a_sign_in(client, db):
    response = client.get("/profile/")
    assert response.url == "/accounts/login/?next=%2Fprofile%2F"


def test_it_knows_no_other_method(device):
    assert device.delete("/profile/").status_code == 405
