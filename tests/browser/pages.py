"""What tests of pages share: how pages are looked at, and how they are read without being early.

Playwright's actions do not wait for what they set off. So a test says with `expect` what it waits
for, before it reads the page or asks the database; test_patience.py holds that.
"""

import pytest
from playwright.sync_api import expect

# On a desk and on a phone; assert_clean looks at each in light and in dark.
looks = pytest.mark.parametrize("width", [1280, 390])
with_and_without_script = pytest.mark.parametrize("javascript", [True, False])

# The next answer that an open page gets from now on, by itself or because it is told to ask.
PULSE = """(told) => new Promise((done) => {
    const now = Date.now();
    const ask = () => told && document.dispatchEvent(new Event("latchkey:ask"));
    document.addEventListener("latchkey:pulse", function heard({ detail }) {
        if (detail.now < now) return setTimeout(ask);
        document.removeEventListener("latchkey:pulse", heard);
        done();
    });
    ask();
})"""


def arrived(sign):
    """Waits for the page that shows this, and for its scripts."""
    expect(sign).to_be_visible()
    sign.page.wait_for_load_state()


def text_of(locator):
    """What stands there, as soon as something does."""
    expect(locator).not_to_be_empty()
    return locator.inner_text().strip()


def heard(page, *, told_to_ask=False):
    """Waits until the page has heard how things are now."""
    page.evaluate(PULSE, told_to_ask)


def tick(boxes, number):
    """Ticks the first ones."""
    for index in range(number):
        boxes.nth(index).check()


def unfold_everything(page):
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
