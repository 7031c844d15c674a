"""The documentation of the API in a real browser."""

from playwright.sync_api import expect

from tests.browser.pages import looks


@looks
def test_it_is_clean(page_of, cast, assert_clean, width):
    page = page_of(cast.owner, width=width)
    page.goto("/api/docs/")
    assert_clean(page)
    page.get_by_text("End by query", exact=True).click()
    expect(page.get_by_text("good for ten minutes and once")).to_be_visible()
    assert_clean(page)


def test_a_type_leads_to_its_object(page_of, cast):
    page = page_of(cast.member)
    page.goto("/api/docs/")
    page.get_by_text("Find live sessions", exact=True).click()
    page.get_by_role("link", name="list of SessionOut").first.click()
    expect(
        page.locator("#shape-SessionOut").get_by_text("assurance level", exact=False)
    ).to_be_visible()
