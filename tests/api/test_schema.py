"""The description for programs, and the page that is made of it."""

import gzip
import json
import re
from pathlib import Path

import pytest

from sessions_admin.api.problems import KINDS
from sessions_admin.api.schema import as_text, schema

ROOT = Path(__file__).resolve().parent.parent.parent
FIRST_LOAD = 60_000  # compressed


def test_the_committed_description_is_current():
    """`python -m tests.api.write_schema` writes it anew."""
    assert (ROOT / "docs" / "openapi.json").read_text(encoding="utf-8") == as_text()


def test_programs_read_the_same(key_of):
    response = key_of().read("/openapi.json")
    assert response.json() == schema()
    assert response.json()["openapi"] == "3.1.0"


def test_every_operation_says_what_it_takes():
    for path, methods in schema()["paths"].items():
        for method, operation in methods.items():
            where = f"{method} {path}"
            assert operation["description"], where
            assert operation["security"], where
            assert {"401", "403", "404", "422", "429", "500"} <= set(operation["responses"]), where
            headers = {one["name"] for one in operation["parameters"] if one["in"] == "header"}
            assert ("Idempotency-Key" in headers) == (method == "post"), where
            if path not in {"/api/v1/me"}:
                assert operation["x-section"], where


def test_every_reference_leads_somewhere():
    text = as_text()
    names = set(schema()["components"]["schemas"])
    assert set(re.findall(r'"#/components/schemas/([^"]+)"', text)) <= names


@pytest.fixture
def page(cast, browser_of) -> str:
    return browser_of(cast.member).get("/api/docs/").text


def test_the_page_explains_every_operation_and_problem(page):
    for methods in schema()["paths"].values():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page
    for kind in KINDS:
        assert f'id="problem-{kind.code}"' in page


def test_no_link_in_the_page_is_dead(page):
    targets = set(re.findall(r'href="#([^"]+)"', page)) - {"main"}
    assert targets
    assert targets <= set(re.findall(r'id="([^"]+)"', page))


def test_the_page_is_light(page):
    assert len(gzip.compress(page.encode())) < FIRST_LOAD / 2


def test_examples_are_what_the_operations_take(page, key_of):
    """Each body that the page shows is understood."""
    from sessions_admin.api.documentation import EXAMPLES

    program = key_of()
    by_id = {
        operation["operationId"]: (method.upper(), path.removeprefix("/api/v1"))
        for path, methods in schema()["paths"].items()
        for method, operation in methods.items()
    }
    for name, body in EXAMPLES.items():
        method, path = by_id[name]
        response = program.call(method, path, json.loads(json.dumps(body)))
        assert response.status_code == 200, (name, response.content)


def test_managers_of_keys_are_led_to_them(cast, browser_of):
    assert 'href="/settings/api-keys/"' in browser_of(cast.owner).get("/api/docs/").text
    content = browser_of(cast.member).get("/api/docs/").text
    assert 'href="/settings/api-keys/"' not in content
    assert 'href="/api/docs/"' in browser_of(cast.owner).get("/settings/api-keys/").text
