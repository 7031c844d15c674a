"""Step-up: when this session last proved who is there, and asking for it again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Concatenate

from allauth.account.authentication import get_authentication_records
from allauth.core.exceptions import ReauthenticationRequired
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

# Acts that reach other people: long enough for a task, too short for a screen left unlocked.
ADMINISTRATIVE = timedelta(minutes=10)
# One's own other sessions: a working day, so that shutting out a thief is never in the way.
OWN_SESSIONS = timedelta(hours=12)

READING = frozenset({"GET", "HEAD", "OPTIONS"})

View = Callable[Concatenate[Any, ...], HttpResponse]


def step_up(within: timedelta, *, reading: bool = False) -> Callable[[View], View]:
    """The view wants a proof not older than `within`; without one the person is asked first.

    A POST is kept in the session meanwhile and goes on by itself after the proof; its address
    must have no query string. GET passes unless `reading`. Put it below `requires`: nobody is
    asked for a password in order to be refused.
    """

    def decorator(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if (reading or request.method not in READING) and not is_proved(request, within):
                _suspend_as_plain_request(request)
                raise ReauthenticationRequired
            return view(request, *args, **kwargs)

        checked.step_up = within  # type: ignore[attr-defined]
        return checked

    return decorator


def is_proved(request: HttpRequest, within: timedelta) -> bool:
    """Whether this session proved who is there in the last `within`."""
    proof = proved_at(request)
    return proof is not None and timezone.now() - proof <= within


def proved_at(request: HttpRequest) -> datetime | None:
    """The last password, passkey or code that this session gave; None for a visitor."""
    if not request.user.is_authenticated:
        return None
    records = get_authentication_records(request, request.user)
    moments = [datetime.fromtimestamp(record["at"], UTC) for record in records]
    # Roads to login() that leave no record of allauth's: Django admin, tests, an API.
    signed_in: datetime | None = getattr(request.session, "authenticated_at", None)
    return max([*moments, *([signed_in] if signed_in else [])], default=None)


def _suspend_as_plain_request(request: HttpRequest) -> None:
    """What resumes is the answer to a plain form: it must be a whole page or a real redirect.

    allauth keeps META with the POST. `headers` is read first because it is cached: whoever
    answers *this* request must still see that htmx made it.
    """
    request.headers  # noqa: B018
    request.META = {
        name: value for name, value in request.META.items() if not name.startswith("HTTP_HX_")
    }
