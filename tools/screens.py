"""`make screens`: pictures of every screen and its main states, into docs/screens/.

Starts the portal with demo data on a scratch database and a free port, as `make run` does, drives
the system's Chromium through it and writes the pictures and the page that shows them.
"""

import os
import secrets
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scenes import (
    ADMIN,
    LIMIT,
    MEMBER,
    PLANNED,
    SCREENS,
    SIGNED_OUT,
    SUPPORT,
    TOKEN,
    Screen,
)

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "screens"
sys.path.insert(0, str(ROOT))

SETTLE_MS = 900  # what pages fetch after they have loaded
HEIGHTS = {1280: 800, 390: 844}
TALLEST = {1280: 1150, 390: 1450}  # beyond that a list repeats itself
AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/142.0.0.0 Safari/537.36"
)
NOTE = "Laptop reported stolen."


def main() -> int:
    from tests.browser.chromium import chromium

    if chromium() is None:
        print("Chromium is not installed.")
        return 1
    with portal() as url:
        for old in PICTURES.glob("*.png"):
            old.unlink()
        take_all(url)
    write_index()
    total = sum(path.stat().st_size for path in PICTURES.glob("*.png"))
    print(f"{len(list(PICTURES.glob('*.png')))} pictures, {total / 1e6:.1f} MB, in {PICTURES}")
    return 0


@contextmanager
def portal() -> Iterator[str]:
    """The portal with demo data on a scratch database; its address. This process shares it."""
    from tests.ports import free_port, wait_for

    with tempfile.TemporaryDirectory(prefix="latchkey-screens-") as directory:
        port = free_port()
        os.environ |= {
            "DATABASE_URL": f"sqlite:///{directory}/latchkey.sqlite3",
            "DJANGO_ALLOW_ASYNC_UNSAFE": "true",  # Playwright keeps an event loop running
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "GEOIP_PATH": f"{directory}/geo.mmdb",
            "GEOIP_ASN_PATH": f"{directory}/asn.mmdb",
            "PORT": str(port),
            "SECRET_KEY": secrets.token_urlsafe(64),
            "TRUSTED_PROXIES": "127.0.0.1",  # so that the browser can be in some city
        }
        os.environ.pop("SECRET_KEY_FILE", None)
        log = Path(directory) / "log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [sys.executable, ROOT / "tools" / "run.py"], stdout=output, stderr=output
            )
        try:
            ready = f"http://127.0.0.1:{port}/readyz"
            wait_for(server, lambda: urllib.request.urlopen(ready).close(), log=log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait()


def take_all(url: str) -> None:
    import django
    from playwright.sync_api import sync_playwright

    from tests.browser.chromium import FLAGS, chromium

    django.setup()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        pages = {
            person: page_of(browser, url, person) for person in {one.person for one in SCREENS}
        }
        for screen in SCREENS:
            take(pages[screen.person], screen)
        take(page_of(browser, url, ADMIN), PLANNED)
        page = page_of(browser, url, ADMIN)
        take(page, TOKEN)
        take(page, SUPPORT)
        page = page_of(browser, url, MEMBER)
        end_newest_session()
        take(page, SIGNED_OUT)
        allow_no_more_sessions()
        take(page_of(browser, url, MEMBER), LIMIT)
        browser.close()


def page_of(browser: Any, url: str, person: str | None) -> Any:
    """A page in a browser of its own, in which the person has signed in (None: nobody)."""
    from sessions_admin.demo.cast import PASSWORD

    headers = {"X-Forwarded-For": home_of(person)} if person else {}
    context = browser.new_context(
        base_url=url, user_agent=AGENT, extra_http_headers=headers, reduced_motion="reduce"
    )
    page = context.new_page()
    if person:
        page.goto("/accounts/login/")
        page.locator("[name=login]").fill(person)
        page.locator("[name=password]").fill(PASSWORD)
        page.locator("[name=password]").press("Enter")
        page.wait_for_url(lambda there: "/accounts/login/" not in there)
    return page


def home_of(person: str) -> str:
    """An address that the person has used in the demo."""
    from sessions_admin.models import Session

    sessions = Session.objects.filter(user__email=person, ip__isnull=False)
    return str(sessions.earliest("started_at").ip)


def end_newest_session() -> None:
    from accounts.models import User
    from sessions_admin.lifecycle import end_sessions
    from sessions_admin.models import Session
    from sessions_admin.vocabulary import EndReason

    newest = Session.objects.open().filter(user__email=MEMBER).latest("started_at")
    admin = User.objects.get(email=ADMIN)
    these = Session.objects.filter(pk=newest.pk)
    end_sessions(these, reason=EndReason.REVOKED_BY_ADMIN, actor=admin, note=NOTE)


def allow_no_more_sessions() -> None:
    """The tenant's limit is what the member has open, and the member will be asked."""
    from sessions_admin.models import Session, SessionPolicy
    from sessions_admin.vocabulary import AtLimit

    live = Session.objects.live().filter(user__email=MEMBER).count()
    SessionPolicy.objects.filter(tenant__slug="acme").update(
        max_live_sessions_enabled=True, max_live_sessions=live, at_limit=AtLimit.ASK
    )


def take(page: Any, screen: Screen) -> None:
    for width, scheme in screen.looks:
        page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        page.emulate_media(color_scheme=scheme)
        if screen.path:
            page.goto(screen.path)
        screen.act(page)
        page.wait_for_timeout(SETTLE_MS)
        path = PICTURES / f"{screen.name}-{width}-{scheme}.png"
        if screen.is_dialog:
            page.screenshot(path=path)
        else:
            # A click has scrolled, and what sticks to the window would be in the middle.
            page.evaluate("scrollTo(0, 0)")
            height = page.evaluate("document.documentElement.scrollHeight")
            clip = {"x": 0, "y": 0, "width": width, "height": min(height, TALLEST[width])}
            page.screenshot(path=path, full_page=True, clip=clip)


def write_index() -> None:
    lines = ["# Screens", "", "Taken by `make screens` with the demo's data.", ""]
    for screen in [*SCREENS, TOKEN, SUPPORT, SIGNED_OUT, LIMIT, PLANNED]:
        first, *others = [f"{screen.name}-{width}-{scheme}.png" for width, scheme in screen.looks]
        lines += [f"## {screen.title}", "", f"![{screen.title}]({first})", ""]
        links = [f"[{words(name)}]({name})" for name in others]
        lines += [f"Also: {', '.join(links)}", ""] if links else []
    (PICTURES / "README.md").write_text("\n".join(lines).rstrip() + "\n")


def words(name: str) -> str:
    width, scheme = name.removesuffix(".png").split("-")[-2:]
    return f"{'phone' if width == '390' else 'desk'}, {scheme}"


if __name__ == "__main__":
    sys.exit(main())
