"""/api/docs/: the API for people, made of the same description that programs read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from sessions_admin.api.problems import KINDS, Kind
from sessions_admin.api.quota import CALLS
from sessions_admin.api.schema import schema

REF = "#/components/schemas/"
TONES = {"GET": "info", "POST": "warn", "PATCH": "warn"}
# Bodies that make sense together, where the parts alone do not tell.
EXAMPLES = {
    "end_sessions": {"ids": ["018f2b9e-6c1a-7e3f-9d57-0a1b2c3d4e5f"], "note": "Lost laptop"},
    "end_sessions_by_query": {"query": {"country": "FR", "idle_longer_than": 3600},
                              "dry_run": True},
    "change_settings": {"idle_timeout_enabled": True, "idle_timeout_value": 30,
                        "idle_timeout_unit": "minutes"},
    "preview_settings": {"max_live_sessions_enabled": True, "max_live_sessions": 3},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter or member: its name, its type in words, and the shape that it leads to."""

    name: str
    words: str
    shape: str
    required: bool
    description: SafeString


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    tone: str
    path: str
    summary: str
    description: SafeString
    section: str
    permissions: list[str]
    proof_minutes: int
    key_may: bool
    parameters: list[Field]
    body: list[Field]
    answer: list[Field]
    statuses: list[str]
    example: str


@dataclass(frozen=True, slots=True)
class Shape:
    name: str
    description: SafeString
    fields: list[Field]


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """For everybody who is signed in."""
    context = {
        "groups": groups(), "shapes": shapes(), "problems": kinds_of_problems(), "calls": CALLS,
        "origin": f"{request.scheme}://{request.get_host()}",
    }  # fmt: skip
    return render(request, "sessions_admin/api_docs.html", context)


@cache
def groups() -> dict[str, list[Operation]]:
    """The operations by their tag, in the order of the description."""
    found: dict[str, list[Operation]] = {}
    for path, methods in schema()["paths"].items():
        for method, described in methods.items():
            [tag] = described["tags"]
            found.setdefault(tag, []).append(_operation(path, method.upper(), described))
    return found


@cache
def shapes() -> list[Shape]:
    """The objects that fields lead to, in the order of their names."""
    schemas = schema()["components"]["schemas"]
    found: dict[str, Shape] = {}
    fields = [
        field for operations in groups().values() for one in operations
        for field in (*one.body, *one.answer)
    ]  # fmt: skip
    while fields:
        name = fields.pop().shape
        if name and name not in found:
            members = _members(schemas[name])
            found[name] = Shape(name, _marked(schemas[name].get("description", "")), members)
            fields += members
    return [found[name] for name in sorted(found)]


@cache
def kinds_of_problems() -> list[tuple[Kind, SafeString]]:
    return [(kind, _marked(kind.advice)) for kind in KINDS]


def _operation(path: str, method: str, described: dict[str, Any]) -> Operation:
    body = _content(described.get("requestBody", {}))
    answer = _content(described["responses"].get("200", {}))
    return Operation(
        id=described["operationId"],
        method=method,
        tone=TONES[method],
        path=path,
        summary=described["summary"],
        description=_marked(described.get("description", "")),
        section=described.get("x-section", ""),
        permissions=described["x-permissions"],
        proof_minutes=described.get("x-proof-seconds", 0) // 60,
        key_may={"apiKey": []} in described["security"],
        parameters=[_parameter(one) for one in described["parameters"]],
        body=_members(_resolved(body)) if body else [],
        answer=_members(_resolved(answer)) if answer else [],
        statuses=sorted(described["responses"]),
        example=_example(path, method, described["operationId"]),
    )


def _example(path: str, method: str, name: str) -> str:
    """A call that can be pasted into a shell, without the host."""
    lines = [path] if method == "GET" else [path, f"-X {method}"]
    if body := EXAMPLES.get(name):
        lines += ["-H 'Content-Type: application/json'", f"-d '{json.dumps(body)}'"]
    return " \\\n  ".join(lines)


def _content(holder: dict[str, Any]) -> dict[str, Any]:
    content: dict[str, Any] = holder.get("content", {})
    described: dict[str, Any] = content.get("application/json", {}).get("schema", {})
    return described


def _resolved(described: dict[str, Any]) -> dict[str, Any]:
    name = _shape(described)
    found: dict[str, Any] = schema()["components"]["schemas"][name] if name else described
    return found


def _parameter(described: dict[str, Any]) -> Field:
    kind = described["schema"]
    return Field(
        described["name"], _words(kind), "", described["required"],
        _marked(described.get("description") or kind.get("description", "")),
    )  # fmt: skip


def _members(described: dict[str, Any]) -> list[Field]:
    required = described.get("required", [])
    return [
        Field(
            name, _words(kind), _shape(kind), name in required, _marked(kind.get("description", ""))
        )  # fmt: skip
        for name, kind in described.get("properties", {}).items()
    ]


def _shape(kind: dict[str, Any]) -> str:
    """The name of the object that this is, or is a list of, or may be."""
    if "$ref" in kind:
        name = str(kind["$ref"]).removeprefix(REF)
        return name if "properties" in schema()["components"]["schemas"][name] else ""
    inner = [*kind.get("anyOf", []), *kind.get("allOf", [])]
    inner += [kind["items"]] if isinstance(kind.get("items"), dict) else []
    return next((found for one in inner if (found := _shape(one))), "")


def _words(kind: dict[str, Any]) -> str:
    """“list of uuid”, “live | ended”, “string or null”."""
    if "$ref" in kind:
        return _words_of_reference(str(kind["$ref"]).removeprefix(REF))
    if "anyOf" in kind:
        return " or ".join(_words(one) for one in kind["anyOf"])
    if "const" in kind:
        return str(kind["const"])
    if "enum" in kind:
        return " | ".join(str(value) for value in kind["enum"])
    if kind.get("type") == "array":
        return f"list of {_words(kind['items'])}"
    return str(kind.get("format") or kind.get("type") or "any")


def _words_of_reference(name: str) -> str:
    found = schema()["components"]["schemas"][name]
    return name if "properties" in found else _words(found)


def _marked(text: str) -> SafeString:
    """With what stands between backticks as code."""
    return format_html_join("", "{}", ((part,) for part in _parts(text)))


def _parts(text: str) -> Iterator[SafeString | str]:
    for at, part in enumerate(text.split("`")):
        yield format_html("<code>{}</code>", part) if at % 2 else part
