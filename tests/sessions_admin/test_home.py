"""The start page leads to the first section that the person may open."""

import pytest

from tenants.models import Tenant
from tenants.permissions import Section


@pytest.mark.parametrize(
    ("sections", "who", "page"),
    [
        (set(Section), "member", "/sessions/"),
        ({Section.USERS, Section.SESSION_SETTINGS}, "admin", "/users/"),
        ({Section.USERS}, "member", "/profile/"),
        (set(), "admin", "/profile/"),
    ],
)
def test_it_leads_to_the_first_open_section(cast, browser_of, sections, who, page):
    Tenant.objects.filter(pk=cast.acme.pk).update(sections=sections)
    assert browser_of(getattr(cast, who)).get("/").headers["Location"] == page


def test_a_sign_in_ends_there(cast, browser_of):
    Tenant.objects.filter(pk=cast.acme.pk).update(sections={Section.USERS})
    assert browser_of().sign_in(cast.admin).headers["Location"] == "/"
