"""What is suspicious about a session in a list: read with the session, not by a statement more."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.db.models import Case, JSONField, OuterRef, Subquery, When
from django.db.models.functions import JSONObject

from sessions_admin.models import Risk
from sessions_admin.review.traits import NEWS
from sessions_admin.suspicious.evidence import sentence
from sessions_admin.suspicious.words import DETECTORS
from sessions_admin.vocabulary import Detector, RiskState

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as Words

    from sessions_admin.live import SessionQuerySet
    from sessions_admin.models import Session


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The open finding about a session that matters most."""

    risk_id: UUID
    name: Words
    words: str
    is_news: bool  # a new device or country, and nothing worse


def with_findings(sessions: SessionQuerySet, *, for_tenant: bool = False) -> SessionQuerySet:
    """The sessions, each with an open finding for suspicion_of(): one look into an index. The
    latest, and news only if there is nothing else: one sign-in may be found several things.

    `for_tenant`: only what was found in the session's tenant. A sign-in before the tenant was
    chosen is compared with the person's sessions everywhere, which is nobody else's business.
    """
    is_news = Case(When(detector__in=NEWS, then=1), default=0)
    latest = Risk.objects.filter(session=OuterRef("pk"), state=RiskState.OPEN)
    latest = latest.order_by(is_news, "-pk")
    if for_tenant:
        latest = latest.filter(tenant=OuterRef("tenant"))
    found = JSONObject(id="pk", detector="detector", evidence="evidence")
    finding = Subquery(latest.values_list(found)[:1], output_field=JSONField())
    return cast("SessionQuerySet", sessions.annotate(finding=finding))


def suspicion_of(session: Session) -> Suspicion | None:
    """Of a row of with_findings(); None for one without, and when nothing is open."""
    found = getattr(session, "finding", None)
    if not found:
        return None
    detector, evidence = Detector(found["detector"]), _decoded(found["evidence"])
    return Suspicion(
        UUID(found["id"]),
        DETECTORS[detector].name,
        sentence(detector, evidence),
        is_news=detector in NEWS,
    )


def _decoded(evidence: Any) -> dict[str, Any]:
    """SQLite puts JSON into JSON as a text."""
    decoded: dict[str, Any] = json.loads(evidence) if isinstance(evidence, str) else evidence
    return decoded
