"""The documentation of the API in a real browser."""

import pytest

LOOKS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_it_is_clean(page_of, cast, assert_clean, width, scheme):
    page = page_of(cast.owner, width=width, scheme=scheme)
    page.goto("/api/docs/")
    assert_clean(page)
    page.get_by_text("End by query", exact=True).click()
    page.get_by_text("good for ten minutes and once").wait_for()
    assert_clean(page)


def test_a_type_leads_to_its_object(page_of, cast):
    page = page_of(cast.member)
    page.goto("/api/docs/")
    page.get_by_text("Find live sessions", exact=True).click()
    page.get_by_role("link", name="list of SessionOut").first.click()
    page.locator("#shape-SessionOut").get_by_text("assurance level", exact=False).wait_for()
