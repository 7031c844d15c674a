"""What happens when detectors fire: at a sign-in, and when a session is used from elsewhere.

Suspicion never breaks anything: when it fails, that is logged and the person goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone, translation

from sessions_admin import audit
from sessions_admin.lifecycle.ending import end_sessions
from sessions_admin.models import Risk, Session
from sessions_admin.notices import notify
from sessions_admin.risk.facts import Event, Finding, History, Judgement, Seen
from sessions_admin.risk.judging import judge
from sessions_admin.risk.rules import ENDING, INTRUSIVE, STRENGTH, Rules, doomed
from sessions_admin.suspicious.evidence import sentence
from sessions_admin.vocabulary import (
    AuditAction,
    EndReason,
    NoticeKind,
    Novelty,
    Response,
    RiskState,
)

if TYPE_CHECKING:
    from accounts.models import User

logger = logging.getLogger(__name__)

# A known device in another café is no news; it is kept as a fact and nobody is told.
WORTH_TELLING = frozenset({Novelty.DEVICE, Novelty.COUNTRY})

# What a notice says of a client (as notices.seen).
TOLD = ("ip", "browser", "system", "city", "country")


@dataclass(frozen=True, slots=True)
class Action:
    """A finding and what the rules make of it."""

    finding: Finding
    response: Response
    held_back: bool = False  # the rules are on trial
    told: bool = False  # the person hears of it

    @property
    def acts(self) -> bool:
        """Whether somebody is asked or logged out."""
        return self.response in INTRUSIVE and not self.held_back


@dataclass(frozen=True, slots=True)
class Suspicion:
    """All that one event leads to; nothing, unless something is odd."""

    user: User
    seen: Seen  # who came
    tenant_id: UUID | None
    novelty: frozenset[Novelty] = frozenset()
    actions: tuple[Action, ...] = ()
    ended: set[UUID] = field(default_factory=set)

    @property
    def session_id(self) -> UUID:
        return self.seen.session

    @property
    def is_nothing(self) -> bool:
        """Nothing to keep and nobody to tell."""
        return not (self.actions or self.novelty)

    @property
    def ends_itself(self) -> bool:
        return self.session_id in self.doomed

    @property
    def asks(self) -> bool:
        """Whether the person must prove themselves again."""
        asked = any(one.acts and one.response == Response.STEP_UP for one in self.actions)
        return asked and not self.ends_itself

    @property
    def is_trusted(self) -> bool:
        """Whether the browser may be remembered as one of the person's."""
        return not (self.ends_itself or self.asks)

    @property
    def doomed(self) -> frozenset[UUID]:
        """The sessions that end."""
        acting = (one for one in self.actions if one.acts)
        return frozenset(
            session
            for one in acting
            for session in doomed(one.response, self.session_id, one.finding.other)
        )


def suspect(
    user: User, tenant_id: UUID | None, event: Event, history: History, rules: Rules
) -> Suspicion:
    """What this event leads to; nothing is written yet. A statement only if something was found."""
    judgement = judge(event, history, rules)
    actions = _actions(user, tenant_id, judgement, rules, event.now.at)
    return Suspicion(user, event.now, tenant_id, judgement.novelty, tuple(actions))


def end_the_suspected(suspicion: Suspicion, *, among: Iterable[UUID] | None = None) -> None:
    """Ends the sessions that the rules end (those of them that are named), with the reason in
    words in the person's language."""
    leaving = suspicion.doomed - suspicion.ended
    if among is not None:
        leaving &= frozenset(among)
    if not leaving:
        return
    first = max(
        (one for one in suspicion.actions if one.acts and one.response in ENDING),
        key=lambda one: STRENGTH[one.response],
    )
    with translation.override(suspicion.user.language):
        note = sentence(first.finding.detector, first.finding.evidence)
    ended = end_sessions(
        Session.objects.filter(pk__in=leaving),
        reason=EndReason.RISK_DETECTED, actor=None, note=note,
    )  # fmt: skip
    suspicion.ended.update(one.id for one in ended)


def note_suspicion(suspicion: Suspicion) -> None:
    """Keeps the findings, with their evidence, and tells the person once."""
    rows = [_row(suspicion, one) for one in suspicion.actions]
    Risk.objects.bulk_create(rows)
    audit.record_all(
        _event(suspicion, one, row) for one, row in zip(suspicion.actions, rows, strict=True)
    )
    _tell(suspicion, rows)


@contextmanager
def harmless(what: str) -> Iterator[None]:
    """Whatever fails inside is undone and logged, and what is around it goes on."""
    try:
        with transaction.atomic(using=Session.objects.db):
            yield
    except Exception:
        logger.exception("%s failed; nobody is kept out by that.", what)


def _actions(
    user: User, tenant_id: UUID | None, judgement: Judgement, rules: Rules, now: datetime
) -> Iterator[Action]:
    if not judgement.findings:
        return
    recent = list(
        Risk.objects.filter(user_id=user.pk, tenant=tenant_id, at__gt=now - rules.cool_down)
    )
    for finding in judgement.findings:
        same = [risk for risk in recent if _is_same(risk, finding)]
        response = rules.response(finding.detector)
        action = Action(finding, response, held_back=rules.holds_back(response))
        if action.acts and not any(_is_cleared(risk) for risk in same):
            yield Action(finding, response, told=not same)
        elif not same:
            yield Action(finding, response, action.held_back, told=response == Response.NOTIFY)


def _is_same(risk: Risk, finding: Finding) -> bool:
    return (risk.detector, risk.evidence.get("thing")) == (finding.detector, finding.thing)


def _is_cleared(risk: Risk) -> bool:
    """Somebody found it harmless, or the person has proved that it was them."""
    proved = risk.state == RiskState.ACTED_ON and risk.decided_by_id == risk.user_id
    return risk.state == RiskState.DISMISSED or (proved and risk.response == Response.STEP_UP)


def _row(suspicion: Suspicion, action: Action) -> Risk:
    finding = action.finding
    ended = action.acts and action.response in ENDING
    return Risk(
        detector=finding.detector, tenant_id=suspicion.tenant_id, user_id=suspicion.user.pk,
        session_id=suspicion.session_id, other_session_id=finding.other,
        evidence={**finding.evidence, "thing": finding.thing},
        response=action.response, held_back=action.held_back,
        state=RiskState.ACTED_ON if ended else RiskState.OPEN,
        decided_at=timezone.now() if ended else None,
    )  # fmt: skip


def _event(suspicion: Suspicion, action: Action, row: Risk) -> Any:
    return audit.event(
        AuditAction.RISK_DETECTED, tenant_id=row.tenant_id, user_id=row.user_id,
        session_id=row.session_id, risk=str(row.pk), rule=row.detector, response=row.response,
        held_back=row.held_back, ended=sorted(map(str, suspicion.ended)) if action.acts else None,
        evidence=row.evidence,
    )  # fmt: skip


def _tell(suspicion: Suspicion, rows: list[Risk]) -> None:
    """One notice an event: the strongest finding, or that the sign-in was a new one."""
    told = [(one, row) for one, row in zip(suspicion.actions, rows, strict=True) if one.told]
    facts: dict[str, Any] = {
        "user_id": suspicion.user.pk, "tenant_id": suspicion.tenant_id,
        "session_id": suspicion.session_id, "seen": _seen(suspicion.seen),
    }  # fmt: skip
    if told:
        action, risk = max(told, key=lambda pair: STRENGTH[pair[0].response])
        notify(
            NoticeKind.RISK_DETECTED, event=f"risk_detected:{risk.pk}", risk_id=risk.pk, **facts,
            detector=risk.detector, response=risk.response, evidence=risk.evidence,
            ended=sorted(map(str, suspicion.ended)) if action.acts else [],
        )  # fmt: skip
    elif suspicion.novelty & WORTH_TELLING and suspicion.session_id not in suspicion.ended:
        notify(
            NoticeKind.NEW_SIGN_IN, event=f"new_sign_in:{suspicion.session_id}", **facts,
            novelty=sorted(suspicion.novelty),
        )  # fmt: skip


def _seen(seen: Seen) -> dict[str, Any]:
    """For the notice: as it was then."""
    facts = {name: getattr(seen, name) for name in TOLD}
    return {name: value for name, value in facts.items() if value}
