"""Pages that stay open: they leave when the session is over, and lists follow what happens."""

import re
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from playwright.sync_api import expect

from sessions_admin.lifecycle import end_sessions, rename
from sessions_admin.models import Session
from sessions_admin.vocabulary import EndReason
from tests.browser.pages import heard, looks
from tests.holdings import SAFARI_IPHONE, hold

PROMISED = 2000  # ms from the ending to the tab's leaving, on a server that answers at once
LIVE_JS = Path(settings.BASE_DIR) / "static/js/live.js"
SIGNED_OUT = re.compile(r"/signed-out/")
TURN = """(state) => {
    Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
# What stood on the page when it was left.
REMEMBER = """addEventListener("pagehide", () => {
    sessionStorage.setItem("shown", document.body.innerText);
})"""


def end(sessions):
    end_sessions(sessions, reason=EndReason.REVOKED_BY_ADMIN, actor=None)


def sessions_of(person):
    return Session.objects.open().of(person)


def opened(page, address="/sessions/"):
    """The page, listening."""
    page.goto(address)
    heard(page, told_to_ask=True)
    return page


def questions(context):
    """The pages that ask, in the order of their questions."""
    asking = []

    def note(request):
        if re.search(r"/live/(\?|$)", request.url):
            asking.append(request.frame.page)

    context.on("request", note)
    return asking


def await_questions(context, asking, count):
    """Waits until so many more have been asked."""
    target = len(asking) + count
    while len(asking) < target:
        context.wait_for_event("request")


# --- leaving ---------------------------------------------------------------------------------


def test_a_tab_leaves_at_once_when_an_administrator_ends_the_session(
    page_of, browser_of, admin, member, assert_clean
):
    page = page_of(member)
    asking = questions(page.context)
    opened(page, "/profile/?from=here")
    browser_of(admin).post(f"/users/{member.pk}/end-sessions/", {"note": "Lost laptop"})
    asking.clear()
    page.wait_for_url(SIGNED_OUT)
    assert len(asking) <= 2  # one may have been on its way
    expect(page.get_by_text("Lost laptop")).to_be_visible()
    expect(page.get_by_role("link", name="Sign in again")).to_have_attribute(
        "href", "/accounts/login/?next=%2Fprofile%2F%3Ffrom%3Dhere"
    )
    assert_clean(page)


def test_the_next_question_comes_soon_enough():
    """What a slow machine adds is not ours to promise."""
    (pace,) = re.findall(r"^const VISIBLE = (\d+);", LIVE_JS.read_text(), re.MULTILINE)
    assert int(pace) < PROMISED


def test_it_hides_the_page_and_says_so_meanwhile(page_of, member):
    page = page_of(member)
    page.add_init_script(REMEMBER)
    opened(page)
    end(sessions_of(member))
    page.wait_for_url(SIGNED_OUT)
    shown = page.evaluate("sessionStorage.getItem('shown')")
    assert "You’ve been signed out" in shown
    assert "Recently ended" not in shown


@looks
def test_what_it_says_meanwhile_is_clean(page_of, member, assert_clean, width):
    page = opened(page_of(member, width=width))
    page.evaluate("document.body.replaceChildren(document.getElementById('live-over').content)")
    expect(page.get_by_role("alert")).to_be_visible()
    assert_clean(page)


def test_all_tabs_leave_and_one_of_them_asks(page_of, member):
    first = page_of(member)
    asking = questions(first.context)
    opened(first)
    second = opened(first.context.new_page(), first.url)
    await_questions(first.context, asking, 2)
    asking.clear()
    await_questions(second.context, asking, 3)
    assert len(set(asking)) == 1
    end(sessions_of(member))
    first.wait_for_url(SIGNED_OUT)
    second.wait_for_url(SIGNED_OUT)


def test_another_tab_asks_when_the_one_that_did_is_closed(page_of, member):
    page = page_of(member)
    asking = questions(page.context)
    other = opened(page.context.new_page(), opened(page).url)
    asking.clear()
    await_questions(page.context, asking, 2)
    leader, left = (page, other) if asking[-1] is page else (other, page)
    leader.close()
    end(sessions_of(member))
    left.wait_for_url(SIGNED_OUT)


def test_a_hidden_tab_asks_seldom_and_leaves_when_it_is_looked_at(page_of, member):
    page = page_of(member)
    asking = questions(page.context)
    opened(page)
    page.evaluate(TURN, "hidden")
    end(sessions_of(member))
    asked = len(asking)
    page.evaluate("() => new Promise((done) => setTimeout(done, 3000))")
    assert len(asking) == asked
    page.evaluate(TURN, "visible")
    page.wait_for_url(SIGNED_OUT)


def test_a_page_out_of_the_browsers_memory_leaves(page_of, member):
    page = opened(page_of(member))
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    end(sessions_of(member))
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    page.wait_for_url(SIGNED_OUT)


def test_a_tab_leaves_without_locks_too(page_of, member):
    page = page_of(member)
    page.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', {value: undefined})")
    opened(page)
    end(sessions_of(member))
    page.wait_for_url(SIGNED_OUT)


def test_logging_out_in_one_tab_takes_the_other_along(page_of, member):
    page = opened(page_of(member))
    other = opened(page.context.new_page(), page.url)
    page.locator("#user-menu").evaluate("(menu) => menu.showPopover()")
    page.locator("#user-menu").get_by_role("button", name="Log out").click()
    page.wait_for_url(SIGNED_OUT)
    other.wait_for_url(SIGNED_OUT)


def test_a_server_that_fails_ends_nothing(page_of, member):
    page = opened(page_of(member, allow=[r"status of 503"]))
    with page.expect_response(lambda response: response.status == 503):
        page.route("**/live/?*", lambda route: route.fulfill(status=503))
    page.unroute_all(behavior="ignoreErrors")
    page.evaluate("dispatchEvent(new Event('online'))")
    heard(page)
    expect(page).to_have_url(re.compile("/sessions/"))


# --- lists -----------------------------------------------------------------------------------


def count(page, number):
    return expect(page.locator(".page-sub")).to_contain_text(f"{number} session")


def test_the_list_follows_what_happens(page_of, browser_of, member, assert_clean):
    page = opened(page_of(member))
    other = browser_of(member, agent=SAFARI_IPHONE).session_row
    count(page, 2)
    rename(other.pk, "Phone of the kitchen", owner=member)
    expect(page.get_by_role("heading", name="Phone of the kitchen")).to_be_visible()
    end(Session.objects.filter(pk=other.pk))
    count(page, 1)
    assert_clean(page)


def test_the_people_follow_what_happens(page_of, browser_of, admin, member):
    page = opened(page_of(admin), "/users/")
    row = page.get_by_role("row").filter(has_text=member.email)
    expect(row).to_contain_text("Never")
    browser_of(member)
    expect(row).to_contain_text("Active now")


def test_what_is_open_stays_open(page_of, browser_of, member, acme):
    hold(member, acme)
    page = opened(page_of(member))
    page.get_by_text("Details").last.click()
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    browser_of(member)
    count(page, 3)
    expect(page.locator("details[open]")).to_have_count(1)


@looks
def test_nothing_moves_while_the_focus_is_inside(
    page_of, browser_of, member, acme, assert_clean, width
):
    hold(member, acme)
    page = opened(page_of(member, width=width))
    page.get_by_text("Details").last.focus()
    browser_of(member)
    status = page.get_by_role("status").filter(has_text="1 change")
    expect(status).to_be_visible()
    browser_of(member)
    expect(page.get_by_role("status").filter(has_text="2 changes")).to_be_visible()
    count(page, 2)
    assert_clean(page)
    page.get_by_role("button", name="Update").click()
    count(page, 4)
    expect(status).to_have_count(0)
    expect(page.locator("#main")).to_be_focused()


def test_nothing_moves_while_something_is_chosen(page_of, browser_of, member, acme):
    hold(member, acme)
    page = opened(page_of(member))
    page.locator("[data-select-row]").check()
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    browser_of(member)
    expect(page.get_by_text("1 change")).to_be_visible()
    count(page, 2)
    page.get_by_role("button", name="Update").click()
    count(page, 3)
    expect(page.locator("[data-select-row]:checked")).to_have_count(1)
    expect(page.locator("[data-selection-count]")).to_have_text("1")


def test_it_moves_when_the_pointer_has_left(page_of, browser_of, member, acme):
    hold(member, acme)
    page = opened(page_of(member))
    page.locator("ol.list > li").first.hover()
    browser_of(member)
    expect(page.get_by_text("1 change")).to_be_visible()
    page.mouse.move(0, 0)
    count(page, 3)
    expect(page.get_by_text("1 change")).to_have_count(0)


def test_a_dialog_keeps_everything_where_it_is(page_of, browser_of, member, acme):
    hold(member, acme)
    page = opened(page_of(member))
    page.get_by_role("button", name="Log out 1 other session").click()
    browser_of(member)
    expect(page.locator("[data-live-news]")).to_contain_text("1 change")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_it_can_be_paused(page_of, browser_of, member, assert_clean):
    page = opened(page_of(member))
    page.get_by_role("button", name="Live · Pause").click()
    browser_of(member)
    heard(page)
    heard(page)
    count(page, 1)
    assert_clean(page)
    page.reload()
    count(page, 2)
    browser_of(member)
    heard(page)
    count(page, 2)
    page.get_by_role("button", name="Paused · Resume").click()
    count(page, 3)


def test_a_page_without_a_list_has_nothing_to_pause(page_of, member):
    page = opened(page_of(member), "/profile/")
    expect(page.locator("[data-live-pause]")).to_be_hidden()


def test_an_own_action_is_no_news(page_of, member, acme):
    hold(member, acme, label="Old laptop")
    page = opened(page_of(member))
    page.get_by_role("button", name="Log out Old laptop").click()
    count(page, 1)
    heard(page)
    heard(page)
    expect(page.locator("[data-live-news]")).to_have_count(0)


def test_it_goes_along_to_another_tenant(page_of, browser_of, contractor, cast):
    page = page_of(contractor)
    page.goto("/tenants/?next=/sessions/")
    page.get_by_role("button", name="Acme").click()
    expect(page).to_have_url("/sessions/")
    other = opened(page.context.new_page(), opened(page).url)
    other.goto("/tenants/?next=/profile/")
    other.get_by_role("button", name="Globex").click()
    expect(other).to_have_url(re.compile("/profile/"))
    expect(page.locator(".tenant")).to_contain_text("Globex")


def test_a_lost_permission_shows(page_of, admin, cast):
    page = opened(page_of(admin, allow=[r"status of 403"]), "/users/")
    admin.memberships.get(tenant=cast.acme).groups.clear()
    expect(page.get_by_text("403")).to_be_visible()


# --- never activity --------------------------------------------------------------------------


def test_asking_and_refreshing_is_no_activity(page_of, browser_of, member):
    page = opened(page_of(member))
    long_ago = timezone.now() - timedelta(minutes=10)
    own = sessions_of(member).get()
    Session.objects.filter(pk=own.pk).update(last_seen_at=long_ago)
    browser_of(member)
    count(page, 2)
    heard(page)
    own.refresh_from_db()
    assert own.last_seen_at == long_ago


def test_everything_is_there_without_script(page_of, browser_of, member, assert_clean):
    page = page_of(member, javascript=False)
    page.goto("/sessions/")
    count(page, 1)
    expect(page.locator("[data-live-pause]")).to_be_hidden()
    expect(page.locator("#idle")).to_be_hidden()
    assert_clean(page)
