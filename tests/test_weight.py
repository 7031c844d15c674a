"""What the first load of a page costs the network, all in all and compressed."""

import gzip
import re

import pytest
from django.contrib.staticfiles import finders

from tests.cast import FIREFOX

FIRST_LOAD = 60_000  # bytes: a second on a slow phone
ASSET = re.compile(r'(?:src|href)="/static/([^"#]+)')


@pytest.mark.parametrize(
    ("who", "path"),
    [
        (None, "/accounts/login/"),
        ("admin", "/sessions/"),
        ("admin", "/users/"),
        ("admin", "/settings/sessions/"),
        ("admin", "/risks/"),
        ("admin", "/settings/risks/"),
        ("admin", "/profile/"),
    ],
)
def test_the_first_load_is_light(cast, browser_of, who, path):
    browser = browser_of(getattr(cast, who) if who else None, agent=FIREFOX)
    response = browser.get(path, headers={"accept-encoding": "gzip"})
    assert response.headers["Content-Encoding"] == "gzip"
    page = gzip.decompress(response.content).decode()
    files = {asset: size(asset) for asset in set(ASSET.findall(page))}
    assert len(files) > 3
    assert len(response.content) + sum(files.values()) <= FIRST_LOAD, files


def size(asset: str) -> int:
    """Compressed, as WhiteNoise serves it."""
    path = finders.find(asset)
    assert isinstance(path, str), asset
    with open(path, "rb") as file:
        return len(gzip.compress(file.read()))
