"""A page by keyboard alone: every stop shows where it is, is not covered and has its own name."""

from datetime import timedelta

import pytest

from tests.holdings import CHROME_WINDOWS, hold

STOPS_AT_MOST = 80
# What the focus is on: its name, what it does, whether a ring shows it and nothing covers it.
STOP = """() => {
  const it = document.activeElement;
  if (it === document.body) return null;
  const shown = it.getBoundingClientRect(), label = it.labels?.[0];
  const x = shown.x + shown.width / 2, y = shown.y + shown.height / 2;
  const top = document.elementFromPoint(x, y);
  const name = it.getAttribute("aria-label") || label?.innerText || it.innerText || it.placeholder;
  return {
    name: `${it.tagName} ${name.trim()}`,
    has_ring: [it, label].some((one) => one && getComputedStyle(one).outlineStyle !== "none"),
    is_seen: [it, label].some((one) => one && top && (one.contains(top) || top.contains(one))),
  };
}"""


@pytest.mark.parametrize(
    "path", ["/sessions/", "/users/", "/settings/sessions/", "/settings/risks/"]
)
def test_every_stop_is_seen_and_named(page_of, admin, member, acme, path):
    for person in (admin, member):
        hold(person, acme, agent=CHROME_WINDOWS, idle=timedelta(hours=1))
    page = page_of(admin)
    page.goto(path)
    stops = list(_stops(page))
    assert stops[0]["name"] == "A Skip to the content"
    assert [stop for stop in stops if not (stop["has_ring"] and stop["is_seen"])] == []
    names = [stop["name"] for stop in stops if stop["name"].startswith(("BUTTON", "SUMMARY"))]
    assert len(names) == len(set(names))


def _stops(page):
    """From the top of the page to its end, where it leaves the page or begins anew."""
    first = None
    for _ in range(STOPS_AT_MOST):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop in (None, first):
            return
        first = first or stop
        yield stop
    raise AssertionError("the focus does not come to an end")
