"""Which Chromium the browser tests drive: the system's, never a downloaded one."""

import shutil

NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"]
# It renders our own pages only, and must not phone home or fail for want of a sandbox or a GPU.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str | None:
    """The path of the browser, if there is one."""
    found = (shutil.which(name) for name in NAMES)
    return next((path for path in found if path), None)
