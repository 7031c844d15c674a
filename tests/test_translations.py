"""German is complete, compiled, true to its source, and what people see.

No test here needs the tools of GNU gettext.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone, translation
from django.utils.html import escape
from django.utils.translation.template import templatize

from sessions_admin.lifecycle import end_sessions
from sessions_admin.models import Session
from sessions_admin.vocabulary import EndReason

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ["accounts", "tenants", "sessions_admin", "config"]
GERMAN = ROOT / "locale/de/LC_MESSAGES"
# The calls that name a message, and which of their arguments do.
CALLS = {
    **dict.fromkeys(["_", "gettext", "gettext_lazy", "gettext_noop"], slice(0, 1)),
    **dict.fromkeys(["ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"], slice(0, 2)),
    **dict.fromkeys(["npgettext", "npgettext_lazy"], slice(0, 3)),
}
KEYWORD = re.compile(r'(msgctxt|msgid|msgid_plural|msgstr|msgstr\[\d\]) (".*")')
# How templatize() writes a template: calls of Python, between what is no Python at all.
STRING = r"""u?("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
TEMPLATE_CALL = re.compile(rf"\b(?:gettext|_)\({STRING}\)|\bngettext\({STRING}, {STRING}, ")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}|</?\w[^>]*>")
# A number as Germans write it, where a browser reads numbers.
LOCALIZED_NUMBER = re.compile(
    r' (?:x|y|x1|x2|y1|y2|cx|cy|r|width|height|d|viewBox)="[^"]*\d,\d[^"]*"'
)


@dataclass
class Entry:
    """A message of the .po file with its translations: one, or one for each plural form."""

    flags: str = ""
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def msgid(self) -> str:
        return self.texts["msgid"]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The source text, and the plural if it has one, each with its translation."""
        if "msgid_plural" not in self.texts:
            return [(self.msgid, self.texts["msgstr"])]
        one, other = self.texts["msgstr[0]"], self.texts["msgstr[1]"]
        return [(self.msgid, one), (self.texts["msgid_plural"], other)]


@cache
def entries() -> list[Entry]:
    """Without the header."""
    blocks = (GERMAN / "django.po").read_text(encoding="utf-8").split("\n\n")
    found = [_entry(block) for block in blocks]
    return [entry for entry in found if entry.texts.get("msgid")]


def _entry(block: str) -> Entry:
    entry, keyword = Entry(), ""
    for line in block.splitlines():
        if line.startswith("#,"):
            entry.flags += line
        elif match := KEYWORD.fullmatch(line):
            keyword, text = match.groups()
            entry.texts[keyword] = ast.literal_eval(text)
        elif line.startswith('"'):
            entry.texts[keyword] += ast.literal_eval(line)
    return entry


def test_it_translates_every_message():
    missing = [entry.msgid for entry in entries() if not all(map(all, entry.pairs))]
    assert len(entries()) > 500
    assert not missing, missing


def test_it_leaves_nothing_to_guess_and_nothing_behind():
    guessed = [entry.msgid for entry in entries() if "fuzzy" in entry.flags]
    assert not guessed, guessed
    assert "#~" not in (GERMAN / "django.po").read_text(encoding="utf-8")


def test_it_keeps_placeholders_and_markup():
    changed = [
        (source, text)
        for entry in entries()
        for source, text in entry.pairs
        if sorted(PLACEHOLDER.findall(source)) != sorted(PLACEHOLDER.findall(text))
    ]
    assert not changed, changed


def test_it_is_compiled_as_it_stands():
    with (GERMAN / "django.mo").open("rb") as file:
        compiled = GNUTranslations(file)
    stale = []
    for entry in entries():
        sources, texts = zip(*entry.pairs, strict=True)
        if len(sources) == 1:
            got = (compiled.gettext(*sources),)
        elif context := entry.texts.get("msgctxt"):
            got = tuple(compiled.npgettext(context, *sources, n) for n in (1, 2))
        else:
            got = tuple(compiled.ngettext(*sources, n) for n in (1, 2))
        if got != texts:
            stale.append(entry.msgid)
    assert not stale, f"run make messages: {stale}"


@pytest.mark.parametrize("folder", [*SOURCES, "templates"])
def test_it_knows_every_text_of_the_source(folder):
    known = {source for entry in entries() for source, _text in entry.pairs}
    known |= {entry.texts.get("msgctxt", "") for entry in entries()}
    said = {text for path in sorted((ROOT / folder).rglob("*")) for text in texts_of(path)}
    assert not said - known, f"run make messages: {sorted(said - known)}"


def texts_of(path: Path) -> Iterator[str]:
    if path.suffix == ".py" and "migrations" not in path.parts:
        yield from _texts_of_python(path.read_text(encoding="utf-8"))
    if path.suffix in {".html", ".txt"}:
        yield from _texts_of_template(path.read_text(encoding="utf-8"))


def _texts_of_python(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        for argument in node.args[CALLS.get(node.func.id, slice(0))]:
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value


def _texts_of_template(source: str) -> Iterator[str]:
    for strings in TEMPLATE_CALL.findall(templatize(source)):
        yield from (ast.literal_eval(string) for string in strings if string)


def test_the_reader_of_sources_finds_all_kinds_of_texts():
    python = "x = _('a' 'b'), ngettext('one', 'many', 2), _(variable), other('no')"
    template = (
        "{% load i18n %}{% translate 'c' %}{{ x|default:_('d') }}"
        "{% blocktranslate count n=n %}{{ n }} e{% plural %}{{ n }} f{% endblocktranslate %}"
    )
    assert set(_texts_of_python(python)) == {"ab", "one", "many"}
    assert set(_texts_of_template(template)) == {"c", "d", "%(n)s e", "%(n)s f"}


# --- What people see


@pytest.fixture(autouse=True)
def _language_as_before():
    """A request leaves the language of its person to the thread, and so to the next test."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture
def german_of(browser_of):
    """The browser of a person who has chosen German."""

    def make(person):
        person.language = "de"
        person.time_zone = "Europe/Berlin"
        person.save(update_fields=["language", "time_zone"])
        return browser_of(person)

    return make


def assert_german(response, *, status=200):
    """The language of the page is said, and no text of ours was left in English."""
    page = response.content.decode()
    assert response.status_code == status
    assert '<html lang="de"' in page
    body = page[page.index("<body") :]
    english = [
        source
        for entry in entries()
        for source, text in entry.pairs
        if source != text and _is_shown(source, body)
    ]
    assert not english, english
    assert not LOCALIZED_NUMBER.findall(body), LOCALIZED_NUMBER.findall(body)


def _is_shown(text: str, page: str) -> bool:
    """As the whole of an element or of an attribute; parts are looked for in vain or by chance."""
    shown = escape(text)
    return any(
        f"{a}{shown}{b}" in page for a, b in [(">", "<"), ('label="', '"'), ('title="', '"')]
    )


PAGES = {
    "/sessions/": "Wo Sie angemeldet sind",
    "/users/": "Benutzer",
    "/settings/sessions/": "Sitzungseinstellungen",
    "/profile/": "Profil",
    "/tenants/": "Mandant wählen",
    "/accounts/password/change/": "Passwort ändern",
    "/accounts/2fa/": "Zweiter Schritt und Passkeys",
    "/accounts/reauthenticate/": "Bestätigen Sie zum Fortfahren Ihre Identität",
}


@pytest.mark.parametrize(("url", "heading"), PAGES.items())
def test_it_speaks_the_language_of_the_person(german_of, admin, member, browser_of, url, heading):
    browser_of(member)
    response = german_of(admin).get(url, follow=True)
    assert f"<h1>{heading}</h1>" in response.content.decode()
    assert_german(response)


def test_it_tells_a_person_of_another_in_german(german_of, admin, member, browser_of):
    browser_of(member)
    response = german_of(admin).get(f"/users/{member.pk}/")
    assert_german(response)
    assert "Laufende Sitzungen" in response.content.decode()


@pytest.mark.parametrize(
    ("url", "heading"),
    [
        ("/accounts/login/", "Bei Latchkey anmelden"),
        ("/accounts/password/reset/", "Passwort zurücksetzen"),
        ("/signed-out/", "Sie sind abgemeldet"),
    ],
)
def test_it_speaks_the_language_of_a_visitors_browser(db, client, url, heading):
    response = client.get(url, headers={"accept-language": "de-AT,de;q=0.9,en;q=0.5"})
    assert f"<h1>{heading}</h1>" in response.content.decode()
    assert_german(response)


def test_it_says_why_a_session_ended_in_the_language_of_its_person(german_of, member, admin):
    browser = german_of(member)
    ended = Session.objects.filter(pk=browser.session_row.pk)
    end_sessions(ended, reason=EndReason.REVOKED_BY_ADMIN, actor=admin)
    response = browser.get("/signed-out/")
    page = response.content.decode()
    assert "<h1>Die Administration hat Sie abgemeldet</h1>" in page
    assert f"Veranlasst durch: {admin.name} (Administration von Acme)." in page
    assert_german(response)


def test_it_writes_dates_as_germans_do(german_of, member, time_machine):
    time_machine.move_to("2026-11-21T12:34:00Z", tick=False)
    page = german_of(member).get("/sessions/").content.decode()
    assert "angemeldet <time" in page
    assert "21. Nov., 13:34</time>" in page  # in the list
    assert "21. Nov. 2026, 13:34:00" in page  # with the year, to the second


def test_it_says_how_long_ago_without_djangos_slips(german_of, member, time_machine):
    browser = german_of(member)
    ended = Session.objects.filter(pk=browser.session_row.pk)
    end_sessions(ended, reason=EndReason.REVOKED_BY_USER, actor=member)
    time_machine.move_to(timezone.now() + timedelta(days=1, hours=6, minutes=1))
    page = german_of(member).get("/sessions/").content.decode()
    assert re.search(r"vor 1\sTag</time>", page)
