"""A passkey from beginning to end, with Chromium's own virtual authenticator."""

import pytest
from allauth.mfa.models import Authenticator
from playwright.sync_api import expect

from sessions_admin.models import Session

# A platform authenticator that is there, verifies its person and keeps the key.
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def page(page_of, member):
    page = page_of(member)
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return page


def test_one_adds_a_passkey_and_signs_in_with_it(page, member, assert_clean):
    page.goto("/accounts/2fa/webauthn/add/")
    assert_clean(page)
    page.locator("#mfa_webauthn_add").click()
    page.wait_for_url("**/2fa/recovery-codes/**")
    passkey = Authenticator.objects.get(user=member, type=Authenticator.Type.WEBAUTHN)
    assert passkey.wrap().is_passwordless

    page.context.clear_cookies()
    page.goto("/accounts/login/?next=/profile/")
    page.locator("#passkey_login").click()
    page.wait_for_url("**/profile/")
    expect(page.get_by_role("heading", name="Profile", exact=True)).to_be_visible()
    session = Session.objects.of(member).latest("started_at")
    assert (session.amr, session.aal) == ("hwk", 2)
