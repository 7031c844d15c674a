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
