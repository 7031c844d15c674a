"""What the risk rules found in the demo, by the detectors themselves, and who judged it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sessions_admin.demo.intrusions import BEHIND_VPN, COPIED, GUESSED
from sessions_admin.identifiers import uuid7
from sessions_admin.models import Risk, RiskRules, Sighting
from sessions_admin.risk.rules import ENDING
from sessions_admin.suspicious.diary import Attempt, Firing, Stay, fire
from sessions_admin.suspicious.seen import seen_in
from sessions_admin.vocabulary import AuditAction, Detector, Kind, LoginOutcome, Novelty, RiskState

if TYPE_CHECKING:
    from accounts.models import User
    from sessions_admin.demo.scenes import Company
    from tenants.models import Tenant

FOUND_SINCE = timedelta(days=30)
OLD_NEWS = timedelta(days=3)  # what is older has been judged
# Judged in a way of its own: by whom (None: the person), what was decided, and what was said.
JUDGED: dict[str, tuple[str | None, RiskState, str]] = {
    GUESSED: ("admin", RiskState.ACTED_ON, "Logged out, password changed."),
    BEHIND_VPN: ("admin", RiskState.DISMISSED, "Our VPN in Singapore."),
    COPIED: (None, RiskState.ACTED_ON, ""),
}
DISMISSALS = ("On a business trip.", "Asked: it was them.", "A new laptop from us.", "")


def find(company: Company) -> list[Risk]:
    """The findings of the last days, and their lines in the audit log."""
    stays, attempts = _stays(company), _attempts(company)
    found = []
    for slug, tenant in company.tenants.items():
        rules = RiskRules.objects.get(tenant=tenant)
        since = company.diary.now - FOUND_SINCE
        for person in company.of(slug):
            key = (person.user.pk, tenant.pk)
            for firing in fire(person.user.pk, stays[key], attempts[key[0]], rules.rules(), since):
                risk = _risk(firing, person.user, tenant, rules)
                _judge(company, slug, risk, person.user)
                _record(company, risk)
                found.append(risk)
    return found


def _stays(company: Company) -> dict[tuple[Any, UUID | None], list[Stay]]:
    """As the back-test has them, of rows that are not written yet."""
    diary, sightings = company.diary, defaultdict(list)
    for sighting in diary.sightings:
        sightings[sighting.session_id].append(sighting)
    found = defaultdict(list)
    for session in diary.sessions:
        is_over = session.ended_at and session.ended_at < diary.now - FOUND_SINCE
        if is_over or session.kind == Kind.SUPPORT:
            continue
        seen: list[Any] = sightings[session.pk] or [session]
        for number, one in enumerate(seen):
            at = one.first_seen_at if isinstance(one, Sighting) else one.started_at
            stay = Stay(
                seen_in(vars(one), session.pk, at), until=one.last_seen_at,
                is_sign_in=number == 0, ended_at=session.ended_at,
                is_new_device=Novelty.DEVICE in session.novelty,
            )  # fmt: skip
            found[session.user_id, session.tenant_id].append(stay)
    return found


def _attempts(company: Company) -> dict[Any, list[Attempt]]:
    found = defaultdict(list)
    for one in company.diary.attempts:
        if one.user_id and one.outcome != LoginOutcome.DENIED:
            succeeded = one.outcome == LoginOutcome.SUCCEEDED
            attempt = Attempt(one.at, succeeded, one.ip, one.country_code, one.asn)
            found[one.user_id].append(attempt)
    return found


def _risk(firing: Firing, user: User, tenant: Tenant, rules: RiskRules) -> Risk:
    finding = firing.finding
    response = rules.rules().response(finding.detector)
    return Risk(
        id=uuid7(firing.at), at=firing.at, detector=finding.detector, tenant=tenant, user=user,
        session_id=_session_of(firing), other_session_id=finding.other,
        evidence={**finding.evidence, "thing": finding.thing}, response=response,
        held_back=rules.rules().holds_back(response),
    )  # fmt: skip


def _session_of(firing: Firing) -> UUID:
    """Whose evidence tells of it: the one that came."""
    seen = firing.finding.evidence
    here = seen.get("now") or seen["to"]
    if firing.finding.other and here["session"] == str(firing.finding.other):
        here = seen["from"]
    return UUID(here["session"])


def _judge(company: Company, slug: str, risk: Risk, person: User) -> None:
    rng, now = company.diary.rng, company.diary.now
    if risk.response in ENDING and not risk.held_back:
        risk.state, risk.decided_at = RiskState.ACTED_ON, risk.at
        return
    judges = {"acme": company.cast["admin"].user, "globex": company.cast["outsider"].user}
    if judged := JUDGED.get(person.email):
        who, state, note = judged
        _decide(risk, state, judges[slug] if who else person, note, risk.at + timedelta(minutes=22))
    elif now - risk.at > OLD_NEWS:
        later = risk.at + timedelta(hours=rng.uniform(0.2, 40))
        by_person = risk.detector in {Detector.NEW_DEVICE, Detector.NEW_COUNTRY}
        judge = person if by_person and rng.random() < 0.6 else judges[slug]
        note = "" if judge is person else rng.choice(DISMISSALS)
        _decide(risk, RiskState.DISMISSED, judge, note, later)


def _decide(risk: Risk, state: RiskState, by: User, note: str, at: datetime) -> None:
    risk.state, risk.decided_by, risk.note, risk.decided_at = state, by, note, at


def _record(company: Company, risk: Risk) -> None:
    for action, at, facts in _events(risk):
        company.diary.event(
            action, at, tenant_id=risk.tenant_id, user_id=risk.user_id,
            session_id=risk.session_id, risk=str(risk.pk), rule=risk.detector, **facts,
        )  # fmt: skip


def _events(risk: Risk) -> Iterator[tuple[AuditAction, datetime, dict[str, Any]]]:
    yield AuditAction.RISK_DETECTED, risk.at, {
        "response": risk.response, "held_back": risk.held_back, "evidence": risk.evidence,
    }  # fmt: skip
    if risk.decided_by_id and risk.decided_at:
        facts = {"actor_id": risk.decided_by_id, "state": risk.state, "note": risk.note}
        yield AuditAction.RISK_DECIDED, risk.decided_at, facts
