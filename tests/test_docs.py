"""The documents say what the code does: names, tables, links and pictures."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from django.urls import URLPattern, get_resolver

from accounts.step_up import ADMINISTRATIVE, OWN_SESSIONS
from sessions_admin.authz.answers import DOORSTEP
from sessions_admin.authz.dialects import DIALECTS
from sessions_admin.authz.doorstep import PAGES
from sessions_admin.vocabulary import AuditAction, EndReason
from tenants.permissions import DEFAULT_GROUPS, Permission, Section

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
OPERATING = ROOT / "docs" / "operating.md"
SECURITY = ROOT / "docs" / "security.md"
PICTURES = ROOT / "docs" / "screens"
DOCS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
doc = pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))

# The functions of config.env through which every setting is read.
READERS = {
    "secret", "boolean", "words", "origins", "hosts", "networks", "choice", "str", "origin",
    "mirror",
}  # fmt: skip
SECRETS = {"secret"}
PICTURES_MB = 10  # 90 pictures of 47 screens; a clone still takes seconds
# Where this machine keeps things; installing under /opt, /etc or /var is what a reader does.
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home|tmp|Users)/")
LINK = re.compile(r"\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


@cache
def text_of(path):
    return path.read_text(encoding="utf-8")


def table(path, heading):
    """The cells of the first table below a line that contains `heading`, without its head."""
    _, _, below = text_of(path).partition(heading)
    assert below, f"{path.name} has no {heading!r}"
    lines = below.partition("\n|")[2].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def coded(cell):
    """What a cell has between backticks."""
    return re.findall(r"`([^`]+)`", cell)


# --- settings --------------------------------------------------------------------------------


@cache
def variables():
    """Every environment variable that config reads, and whether from a file as well."""
    found = {}
    for path in (ROOT / "config").glob("*.py"):
        for node in ast.walk(ast.parse(text_of(path))):
            if not (isinstance(node, ast.Call) and node.args):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first = node.args[0]
            if name in READERS and isinstance(first, ast.Constant) and str(first.value).isupper():
                found[first.value] = name in SECRETS
    return found


def test_it_finds_the_settings_in_the_code():
    assert variables()["SECRET_KEY"]
    assert not variables()["TRUSTED_PROXIES"]
    assert len(variables()) > 10


def test_the_readme_lists_every_setting_and_no_other():
    rows = {coded(cells[0])[0]: cells[0] for cells in table(README, "## Settings")}
    assert set(rows) == {*variables(), "PORT"}
    assert {name for name, cell in rows.items() if "*" in cell} == {
        name for name, is_secret in variables().items() if is_secret
    }


# --- words -----------------------------------------------------------------------------------


def test_every_end_reason_has_its_initiator():
    rows = [(coded(cells[0])[0], cells[1]) for cells in table(SECURITY, "## When a session ends")]
    assert rows == [(str(reason), str(reason.initiator)) for reason in EndReason]


def test_every_audit_action_is_listed():
    rows = table(SECURITY, "## The audit log")
    assert {name for cells in rows for name in coded(cells[0])} == {str(one) for one in AuditAction}


def test_the_permissions_are_those_of_the_default_groups():
    rows = {coded(cells[0])[0]: cells[2:] for cells in table(SECURITY, "## Permissions")}
    assert list(rows) == [str(permission) for permission in Permission]
    for permission, cells in rows.items():
        expected = ["yes" if permission in group else "–" for group in DEFAULT_GROUPS.values()]
        assert cells == expected, permission


@pytest.mark.parametrize("section", Section)
def test_every_section_is_named(section):
    assert f"`{section}`" in text_of(SECURITY)


@pytest.mark.parametrize(
    "command", sorted(path.stem for path in ROOT.glob("*/management/commands/[a-z]*.py"))
)
def test_every_command_is_described(command):
    assert re.search(rf"latchkey {command}\b|`{command}`", text_of(OPERATING))


def test_every_make_target_that_is_named_exists():
    makefile = text_of(ROOT / "Makefile")
    for path in DOCS:
        for target in re.findall(r"(?:^|`)make ([a-z]+)", text_of(path), re.MULTILINE):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{path.name}: make {target}"


# --- addresses -------------------------------------------------------------------------------


def routes():
    """Address and view of each page that is ours; allauth's and Django admin's are theirs."""
    for pattern in get_resolver().url_patterns:
        nested = getattr(pattern, "urlconf_name", None)
        prefix = str(pattern.pattern)
        inner = pattern.url_patterns if nested is not None else [pattern]
        for one in inner if prefix not in {"accounts/", "admin/"} else []:
            route = getattr(one.pattern, "_route", None)
            if isinstance(one, URLPattern) and route is not None:
                whole = route if one is pattern else prefix + route
                yield "/" + re.sub(r"<\w+:\w+>", "<id>", whole), one.callback


def addresses():
    """The rows of the table of addresses, by each address in them."""
    found = {}
    for cells in table(SECURITY, "## Addresses"):
        for address in coded(cells[0]):
            found.setdefault(address, []).append(cells)
    return found


# The start page leads to /sessions/; the health checks answer with and without a slash.
WITHOUT_ROW = {"/", "/accounts/", "/healthz/", "/readyz/"}
PROOFS = {None: "", ADMINISTRATIVE: "10 min", OWN_SESSIONS: "12 h"}


@pytest.mark.parametrize(
    ("address", "view"), [pair for pair in routes() if pair[0] not in WITHOUT_ROW]
)
def test_every_address_says_what_it_takes(address, view):
    rows = addresses().get(address, [])
    assert rows, f"{address} is missing from the table of addresses in docs/security.md"
    wanted = [getattr(view, name, None) for name in ("section", "permission")]
    named = coded(" ".join(" ".join(cells) for cells in rows))
    assert {str(one) for one in wanted if one} <= set(named)
    proof = PROOFS[getattr(view, "step_up", None)]
    assert any(proof in cells[-1] for cells in rows)


def test_no_address_is_listed_that_does_not_exist():
    ours = {address for address, _ in routes()}
    listed = {
        address for address in addresses() if not address.startswith(("/accounts/", "/admin"))
    }
    assert listed <= ours | before_django()


def before_django():
    """What proxies ask for is answered in front of Django (sessions_admin/authz/gate.py)."""
    return {f"/authz/{name}" for name in DIALECTS} | {DOORSTEP + name for name in PAGES}


def test_what_proxies_ask_for_is_listed():
    assert before_django() <= set(addresses())


# --- links and pictures ----------------------------------------------------------------------


def anchors(path):
    """The anchors that headings get on the usual code hosts."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", text_of(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@doc
def test_no_link_is_dead(path):
    for link in LINK.findall(FENCED.sub("", text_of(path))):
        if "://" in link or link.startswith("mailto:"):
            continue
        target, _, anchor = link.partition("#")
        there = (path.parent / target).resolve() if target else path
        assert there.exists(), f"{link} leads nowhere"
        assert there.is_relative_to(ROOT), f"{link} leads out of the repository"
        assert not anchor or anchor in anchors(there), f"{link}: no such heading"


@doc
def test_no_path_of_a_machine_is_named(path):
    assert not MACHINE_PATH.search(text_of(path))


def test_every_picture_is_shown_and_all_are_small():
    pictures = {path.name for path in PICTURES.glob("*.png")}
    assert pictures
    assert pictures == set(LINK.findall(text_of(PICTURES / "README.md")))
    size = sum(path.stat().st_size for path in PICTURES.glob("*.png"))
    assert size < PICTURES_MB * 1_000_000, f"{size / 1e6:.1f} MB"
