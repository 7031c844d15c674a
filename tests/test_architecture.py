"""What the layout promises, read from the imports and held."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Each may import itself and what stands before it.
LAYERS = ["accounts", "tenants", "sessions_admin", "config"]
PURE = {f"sessions_admin.{name}" for name in ("vocabulary", "policy", "risk", "drawing")} | {
    f"sessions_admin.authz.{name}" for name in ("target", "decision")
}
# The roads in. They meet in lifecycle, never in each other.
DOORS = ["views", "api", "authz", "management", "middleware"]
VAGUE = {"utils", "util", "helpers", "helper", "services", "service", "managers", "manager", "misc"}
LONGEST_FILE = 300
# What Playwright reads from a page as it is, be it early or late, and what waits instead.
HASTY = {
    "all": "locator.nth(n)",
    "all_inner_texts": "expect(locator).to_have_text([...])",
    "all_text_contents": "expect(locator).to_have_text([...])",
    "get_attribute": "expect(locator).to_have_attribute(...)",
    "inner_html": "expect(locator).to_contain_text(...)",
    "inner_text": "expect(locator).to_have_text(...) or pages.text_of(locator)",
    "input_value": "expect(locator).to_have_value(...)",
    "is_checked": "expect(locator).to_be_checked()",
    "is_disabled": "expect(locator).to_be_disabled()",
    "is_enabled": "expect(locator).to_be_enabled()",
    "is_hidden": "expect(locator).to_be_hidden()",
    "is_visible": "expect(locator).to_be_visible()",
    "text_content": "expect(locator).to_have_text(...) or pages.text_of(locator)",
    "title": "expect(page).to_have_title(...)",
    "wait_for_timeout": "expect(...)",
}
LOCATES = {"locator", "filter", "get_by_label", "get_by_role", "get_by_text"}
QUERIES = {"objects", "groups"}  # Django's, which have count() and all() too


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def files(*folders: str) -> list[Path]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if "migrations" not in path.parts)


FILES = files(*LAYERS)
MODULES = {module_of(path): path for path in FILES}


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file imports, anywhere in it: for types only and in functions too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(name for node in ast.walk(tree) for name in imported_by(node, path))


def imported_by(node: ast.AST, path: Path) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        origin = node.module or ""
        if node.level:
            package = path.relative_to(ROOT).parent.parts
            origin = ".".join([*package[: len(package) - node.level + 1], *origin.split(".")])
        origin = origin.strip(".")
        # `from package import module` imports the module as well.
        yield origin
        yield from (f"{origin}.{alias.name}" for alias in node.names)


def within(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_import_downwards_only(layer):
    above = LAYERS[LAYERS.index(layer) + 1 :]
    upwards = [
        f"{module_of(path)} imports {name}"
        for path in files(layer)
        for name in imports(path)
        if name.split(".")[0] in above
    ]
    assert upwards == []


@pytest.mark.parametrize(
    "module", sorted(name for name in MODULES if any(within(name, pure) for pure in PURE))
)
def test_rules_know_nothing_but_the_standard_library(module):
    impure = {
        name
        for name in imports(MODULES[module])
        if name.split(".")[0] not in sys.stdlib_module_names
        and not any(within(name, pure) for pure in PURE)
    }
    assert impure == set()


@pytest.mark.parametrize("layer", LAYERS[:-1])
def test_models_import_neither_views_nor_lifecycle(layer):
    forbidden = [f"{app}.{name}" for app in LAYERS for name in ("views", "lifecycle")]
    modules = [name for name in MODULES if within(name, f"{layer}.models")]
    found = {name for module in modules for name in imports(MODULES[module])}
    assert modules
    assert [name for name in found if any(within(name, bad) for bad in forbidden)] == []


def test_doors_never_import_each_other():
    doors = [f"{app}.{door}" for app in LAYERS for door in DOORS]
    crossings = [
        f"{module} imports {name}"
        for module, path in MODULES.items()
        for name in imports(path)
        if (here := next((door for door in doors if within(module, door)), None))
        and (there := next((door for door in doors if within(name, door)), None))
        and here != there
    ]
    assert crossings == []


def test_modules_are_named_for_what_they_decide():
    assert [name for name in MODULES if VAGUE & set(name.split("."))] == []


def test_files_can_be_read_in_one_go():
    lengths = {
        module_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in FILES
    }
    assert {name: count for name, count in lengths.items() if count > LONGEST_FILE} == {}


@pytest.mark.parametrize("path", sorted((ROOT / "tests/browser").glob("test_*.py")), ids=module_of)
def test_tests_with_a_browser_wait_for_what_they_expect(path):
    """A click returns before what it sets off, so what is read at once may be the old page."""
    assert hasty_lines(path.read_text(encoding="utf-8")) == []


def hasty_lines(source: str) -> list[str]:
    return [line for node in ast.walk(ast.parse(source)) for line in haste_in(node)]


def haste_in(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assert) and "url" in attributes_in(node):
        yield f"line {node.lineno}: expect(page).to_have_url(...) instead of page.url"
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return
    name, before = node.func.attr, attributes_in(node.func.value)
    if name in HASTY and not before & QUERIES:
        yield f"line {node.lineno}: {HASTY[name]} instead of {name}()"
    if name == "count" and before & LOCATES and not before & QUERIES:
        yield f"line {node.lineno}: expect(locator).to_have_count(...) instead of count()"


def attributes_in(node: ast.AST) -> set[str]:
    return {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}


@pytest.mark.parametrize(
    ("source", "hasty"),
    [
        ("assert page.locator('tr').count() == 3", True),
        ("rows = page.get_by_role('row').all_inner_texts()", True),
        ("assert not page.get_by_text('x').first.is_visible()", True),
        ("assert page.url.endswith('/')", True),
        ("expect(page.locator('tr')).to_have_count(3)", False),
        ("assert Session.objects.live().filter(pk=1).count() == 1", False),
        ("assert list(membership.groups.all()) == []", False),
    ],
)
def test_haste_is_told_from_a_query(source, hasty):
    assert bool(hasty_lines(source)) == hasty
