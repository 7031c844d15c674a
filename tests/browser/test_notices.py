"""What people are told, as they see it: the page behind a mail's link, the strip and the list."""

import re

import pytest
from playwright.sync_api import expect

from sessions_admin.models import Notice, Session
from sessions_admin.notices import notify
from sessions_admin.notices.links import path
from sessions_admin.vocabulary import NoticeAnswer, NoticeKind
from tests.browser.pages import looks
from tests.holdings import BERLIN, CHROME_WINDOWS, hold


@pytest.fixture
def session(member, acme):
    return hold(member, acme, agent=CHROME_WINDOWS, ip="198.51.100.9", place=BERLIN,
                novelty={"device", "country"})  # fmt: skip


@pytest.fixture
def notice(session):
    notify(NoticeKind.NEW_SIGN_IN, user_id=session.user_id, event="new",
           tenant_id=session.tenant_id, session_id=session.pk)  # fmt: skip
    return Notice.objects.get()


def is_live(session):
    return Session.objects.live().filter(pk=session.pk).exists()


@looks
@pytest.mark.parametrize("answer", list(NoticeAnswer))
def test_the_page_of_a_link(page_of, assert_clean, notice, answer, width):
    page = page_of(None, width=width)
    page.goto(path(notice, answer))
    expect(page.get_by_text("Chrome 142 on Windows")).to_be_visible()
    assert_clean(page)
    page.get_by_role("button").filter(has_text="me").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("You said that this was")
    assert_clean(page)
    notice.refresh_from_db()
    assert notice.answer == answer


def test_the_answer_may_be_changed_before_it_is_given(page_of, notice, session):
    page = page_of(None, width=390)
    page.goto(path(notice, NoticeAnswer.NOT_ME))
    expect(page.get_by_label("Log me out everywhere else, too")).to_be_checked()
    page.get_by_role("link", name="It was me after all").click()
    page.get_by_role("button", name="Yes, it was me").click()
    expect(page.get_by_role("heading", name="You said that this was you.")).to_be_visible()
    assert is_live(session)


def test_it_works_without_javascript(page_of, notice, session):
    page = page_of(None, javascript=False)
    page.goto(path(notice, NoticeAnswer.NOT_ME))
    page.get_by_role("button", name="It wasn't me").click()
    expect(page.get_by_text("We sent you a mail with a link.")).to_be_visible()
    assert not is_live(session)


@looks
def test_links_that_do_not_work(page_of, assert_clean, notice, width):
    page = page_of(None, width=width, allow=["status of 404"])
    page.goto("/notices/answer/forged/")
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()
    assert_clean(page)


@looks
def test_the_strip_and_the_list(page_of, assert_clean, member, notice, session, width):
    page = page_of(member, width=width)
    page.goto("/sessions/")
    expect(page.get_by_text("New sign-in: Chrome 142 on Windows, Berlin")).to_be_visible()
    assert_clean(page)
    page.get_by_role("link", name="All notices").click()
    page.wait_for_url("/notices/")
    assert_clean(page)
    page.get_by_role("button", name="Not me: New sign-in").click()
    expect(page).to_have_url(re.compile("/password/change/"))
    assert not is_live(session)
    page.goto("/notices/")
    expect(page.get_by_text("You said that this was not you.")).to_be_visible()
    assert_clean(page)
