"""The program in docs/integrate.md runs as it stands there."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from sessions_admin.models import Session
from tests.holdings import hold

pytestmark = pytest.mark.alone  # it reads the feed of events, see test_events

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "integrate.md"


def program() -> str:
    _, _, section = DOCUMENT.read_text(encoding="utf-8").partition("by the API\n")
    found = re.search(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


@pytest.mark.django_db(transaction=True)
def test_the_program_of_the_document_runs(live_server, key_of, cast):
    fresh = hold(cast.member, cast.acme, ip="192.0.2.4")
    stale = hold(cast.member, cast.acme, age=timedelta(days=1), idle=timedelta(hours=9))
    key = key_of(cast.acme, "users.view", "sessions.view", "sessions.end", "audit.view")
    environment = os.environ | {
        "LATCHKEY_URL": live_server.url, "LATCHKEY_KEY": key.authorization.removeprefix("Bearer "),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", program()],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert f"live: {fresh.pk} Firefox 145 192.0.2.4" in lines
    assert {"would end: 1", "ended: 1", f"event: {stale.pk} api_request"} <= set(lines)
    assert lines[-1].startswith("cursor: ")
    ended = Session.objects.get(pk=stale.pk)
    assert (ended.end_reason, ended.end_note) == ("api_request", "Left open overnight")
    assert Session.objects.live().filter(pk=fresh.pk).exists()
