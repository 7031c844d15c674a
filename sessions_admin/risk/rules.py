"""What a tenant does about each detector."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from sessions_admin.risk.facts import Seen
from sessions_admin.risk.networks import Networks, is_place
from sessions_admin.vocabulary import Detector, Response

# Airliners cruise at 900 km/h; detours and the places of addresses being approximate do the rest.
TOP_SPEED_KMH = 1000
COOL_DOWN = timedelta(hours=24)

# They compare two sessions: only for them “the old one” is somebody else than “the new one”.
PAIRS = frozenset({Detector.IMPOSSIBLE_TRAVEL, Detector.FAR_APART})
ENDING = frozenset({Response.END_NEW, Response.END_OLD, Response.END_BOTH})
# What report-only holds back.
INTRUSIVE = ENDING | {Response.STEP_UP}
STRENGTH = {response: rank for rank, response in enumerate(Response)}


@dataclass(frozen=True, slots=True)
class Rules:
    """A detector that is not named is recorded."""

    responses: Mapping[Detector, Response] = field(default_factory=dict)
    report_only: bool = True
    top_speed_kmh: int = TOP_SPEED_KMH
    cool_down: timedelta = COOL_DOWN
    trusted: Networks = Networks()
    shared: Networks = Networks()

    def response(self, detector: Detector) -> Response:
        return self.responses.get(detector, Response.RECORD)

    def holds_back(self, response: Response) -> bool:
        """Whether this is only noted while the rules are on trial."""
        return self.report_only and response in INTRUSIVE

    def trusts(self, seen: Seen) -> bool:
        """The tenant's own networks: nothing that is seen from there is suspicious."""
        return self.trusted.contains(seen.ip, seen.asn)

    def knows_place(self, seen: Seen) -> bool:
        """Whether address and place say where the person is: a public address, not one of the
        tenant's own nor one that many people share."""
        return is_place(seen.ip) and not self.trusts(seen) and not self.shared.contains(seen.ip)


def doomed(response: Response, session: UUID, other: UUID | None) -> set[UUID]:
    """The sessions that end: the one that came, the other of the pair, or both. What has no
    other is about one session, whichever it is called."""
    return {
        Response.END_NEW: {session},
        Response.END_OLD: {other or session},
        Response.END_BOTH: {session, other or session},
    }.get(response, set())


def responses_to(detector: Detector) -> tuple[Response, ...]:
    """What can be chosen for it; a detector of one session has no old one to end."""
    every = tuple(Response)
    if detector in PAIRS:
        return every
    return tuple(one for one in every if one not in {Response.END_OLD, Response.END_BOTH})
