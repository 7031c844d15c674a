"""Rate limits that all processes share, told in the headers of the IETF draft
(draft-ietf-httpapi-ratelimit-headers-10)."""

from __future__ import annotations

import time
from dataclasses import dataclass

from sessions_admin.api.problems import RATE_LIMITED, ProblemError
from sessions_admin.tokens.usage import PERIOD, count_call

# Ten a second for a minute: far above a person's clicks and a program that waits for answers.
CALLS = 600


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left of a caller's calls in this period."""

    left: int
    resets_in: int  # seconds

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Policy": f'"default";q={CALLS};w={PERIOD}',
            "RateLimit": f'"default";r={self.left};t={self.resets_in}',
        }


def take(caller: str) -> Quota:
    """Counts a call; the problem 429 if it is one too many."""
    now = time.time()
    period, resets_in = int(now // PERIOD), PERIOD - int(now % PERIOD)
    calls = count_call(caller, period)
    quota = Quota(max(0, CALLS - calls), resets_in)
    if calls > CALLS:
        headers = quota.headers() | {"Retry-After": str(resets_in)}
        raise ProblemError(RATE_LIMITED, headers=headers)
    return quota
