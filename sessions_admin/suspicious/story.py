"""A finding as a story for the screen: both ends of it, figures, a map and what happened when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils.dateparse import parse_datetime
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions_admin.drawing.journey import Journey, Point, journey
from sessions_admin.fields import AccessFields
from sessions_admin.models import Risk, Session
from sessions_admin.review.lifelines import duration_words
from sessions_admin.suspicious.words import decision, done

NEWER, OLDER, BOTH = "new", "old", "both"


@dataclass(frozen=True, slots=True)
class End:
    """One end of what was seen: where, when and with what, as far as it is known."""

    title: str
    place: str
    at: datetime | None
    ip: str
    network: str
    asn: int | None
    device: str
    latitude: float | None
    longitude: float | None
    accuracy_km: int | None

    @property
    def point(self) -> Point | None:
        if self.latitude is None or self.longitude is None:
            return None
        label = self.place or _("Unknown place")
        return Point(label, self.latitude, self.longitude, self.accuracy_km)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened; `tone` as the timeline has them."""

    at: datetime
    text: str
    detail: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Side:
    """A session of the finding, as `which` of the form that ends it."""

    which: str
    title: str
    session: Session
    is_live: bool


@dataclass(frozen=True, slots=True)
class Network:
    """A line of the trusted networks, and what it is called."""

    line: str
    label: str
    remark: str = ""  # who runs it


@dataclass(frozen=True, slots=True)
class Story:
    ends: list[End]
    figures: list[tuple[str, str]]
    map: Journey | None
    steps: list[Step]
    sides: list[Side]
    networks: list[Network]

    @property
    def endings(self) -> list[tuple[str, str]]:
        """What can be ended, and the words on its button."""
        live = [side for side in self.sides if side.is_live]
        buttons = [(side.which, _ending_of(side, alone=len(self.sides) == 1)) for side in live]
        return [*buttons, (BOTH, _("Log out both sessions"))] if len(live) > 1 else buttons


def story_of(risk: Risk) -> Story:
    """For a row of findings.finding_of(): no statement more."""
    ends = _ends(risk)
    points = [end.point for end in ends if end.point]
    return Story(
        ends,
        _figures(risk.evidence),
        journey(points[0], points[1]) if len(points) == 2 else None,
        _steps(risk),
        _sides(risk),
        _networks(ends),
    )


def sessions_of(risk: Risk) -> list[Session]:
    """The older and the newer one, as far as they are the tenant's: others are not its business."""
    both = [risk.other_session, risk.session]
    return [one for one in both if one is not None and _is_ours(one, risk)]


def chosen(risk: Risk, which: str) -> list[UUID]:
    """The ids of the sessions that this word of Story.endings names."""
    named = {NEWER: [risk.session_id], OLDER: [risk.other_session_id]}
    named[BOTH] = [*named[NEWER], *named[OLDER]]
    return [one.pk for one in sessions_of(risk) if one.pk in named.get(which, [])]


def _sides(risk: Risk) -> list[Side]:
    """For rows that findings.finding_of() has annotated."""
    titles = {risk.session_id: (NEWER, _("Newer")), risk.other_session_id: (OLDER, _("Older"))}
    live = {risk.session_id: risk.is_live, risk.other_session_id: risk.other_is_live}  # type: ignore[attr-defined]
    return [Side(*titles[one.pk], one, live[one.pk]) for one in sessions_of(risk)]


def _ending_of(side: Side, *, alone: bool) -> str:
    if alone:
        return _("Log out this session")
    return _("Log out the newer session") if side.which == NEWER else _("Log out the older session")


def _networks(ends: list[End]) -> list[Network]:
    """What could be trusted, the later end first: who runs the network, or the address alone."""
    found: dict[str, Network] = {}
    for end in reversed(ends):
        if end.asn:
            line = f"AS{end.asn}"
            label = f"{line} · {end.network}" if end.network else line
            found[line] = Network(line, label, end.network)
        if end.ip:
            found[end.ip] = Network(end.ip, _("%s alone") % end.ip)
    return list(found.values())


def _ends(risk: Risk) -> list[End]:
    """The earlier one first. Without evidence, where the sessions are now."""
    seen = risk.evidence
    ends = [
        (_("Before"), seen.get("from") or seen.get("before"), risk.other_session),
        (_("Then"), seen.get("to") or seen.get("now"), risk.session),
    ]
    return [
        _end(title, (facts or _facts_of(session)), is_ours=_is_ours(session, risk))
        for title, facts, session in ends
        if facts or session
    ]


def _is_ours(session: Session | None, risk: Risk) -> bool:
    return session is None or session.tenant_id == risk.tenant_id


def _facts_of(session: Session | None) -> dict[str, Any]:
    if session is None:
        return {}
    names = [field.name for field in AccessFields._meta.get_fields()]
    facts = {name: getattr(session, name) for name in names}
    return facts | {"at": session.started_at.isoformat()}


def _end(title: str, facts: dict[str, Any], *, is_ours: bool) -> End:
    """Of a session in another tenant only what the finding cannot do without."""
    device = Session(browser=facts.get("browser", ""), system=facts.get("system", ""))
    return End(
        title=title,
        place=", ".join(part for part in (facts.get("city"), facts.get("country")) if part),
        at=parse_datetime(facts.get("at") or ""),
        ip=(facts.get("ip") or "") if is_ours else "",
        network=(facts.get("network") or "") if is_ours else "",
        asn=facts.get("asn") if is_ours else None,
        device=device.device if is_ours else _("A session elsewhere"),
        latitude=facts.get("latitude"),
        longitude=facts.get("longitude"),
        accuracy_km=facts.get("accuracy_km"),
    )


def _figures(evidence: dict[str, Any]) -> list[tuple[str, str]]:
    """What was measured, as far as this detector measures it."""
    figures = []
    if (km := evidence.get("km")) is not None:
        figures.append((_("Distance"), _("%s km") % _whole(km)))
    if (failures := evidence.get("failures")) is not None:
        figures.append((_("Failed attempts"), _whole(failures)))
    if (days := evidence.get("days")) is not None:
        figures.append((_("Not used for"), ngettext("%d day", "%d days", days) % days))
    if (seconds := evidence.get("seconds")) is not None:
        figures.append((_("Time between"), duration_words(timedelta(seconds=seconds))))
    if (speed := evidence.get("kmh")) is not None:
        figures.append((_("Speed"), _("%s km/h") % _whole(speed)))
    return figures


def _steps(risk: Risk) -> list[Step]:
    """What is known of both sessions and of the finding, in order."""
    steps = []
    for session in (risk.other_session, risk.session):
        if session is not None:
            steps.append(Step(session.started_at, _("Signed in"), _where(session)))
        if session is not None and session.ended_at:
            steps.append(Step(session.ended_at, _("Session ended"), _where(session), "is-danger"))
    # After the sign-in that it judges, whose time it may have.
    steps.append(Step(risk.at, _("Found suspicious"), done(risk), "is-warn"))
    if risk.decided_at:
        steps.append(Step(risk.decided_at, decision(risk), risk.note, "is-ok"))
    return sorted(steps, key=lambda step: step.at)


def _where(session: Session) -> str:
    return " · ".join(part for part in (session.device, session.place) if part)


def _whole(number: float) -> str:
    return number_format(round(number), use_l10n=True, force_grouping=True)
