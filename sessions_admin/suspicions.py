"""What is suspicious about a session in a list: read with the session, not by a statement more."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import JSONField, OuterRef, Subquery
from django.db.models.functions import JSONObject

from sessions_admin.evidence import sentence
from sessions_admin.models import Risk
from sessions_admin.risk_words import DETECTORS
from sessions_admin.vocabulary import Detector, RiskState

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as Words

    from sessions_admin.models import Session


@dataclass(frozen=True, slots=True)
class Suspicion:
    """The latest open finding about a session."""

    risk_id: UUID
    name: Words
    words: str


def latest_finding() -> Subquery:
    """Annotate sessions with it, as `finding`, for suspicion_of(). One look into an index each."""
    latest = Risk.objects.filter(session=OuterRef("pk"), state=RiskState.OPEN).order_by("-pk")
    found = JSONObject(id="pk", detector="detector", evidence="evidence")
    return Subquery(latest.values_list(found)[:1], output_field=JSONField())


def suspicion_of(session: Session) -> Suspicion | None:
    """Of a row with latest_finding(); None for one without, and when nothing is open."""
    found = getattr(session, "finding", None)
    if not found:
        return None
    detector, evidence = Detector(found["detector"]), _decoded(found["evidence"])
    return Suspicion(UUID(found["id"]), DETECTORS[detector].name, sentence(detector, evidence))


def _decoded(evidence: Any) -> dict[str, Any]:
    """SQLite puts JSON into JSON as a text."""
    decoded: dict[str, Any] = json.loads(evidence) if isinstance(evidence, str) else evidence
    return decoded
