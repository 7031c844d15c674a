"""Step-up: when this session last proved who is there, and asking for it again."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, Concatenate

from allauth.account.authentication import get_authentication_records
from allauth.account.internal.flows.reauthentication import suspend_request
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

# Acts that reach other people: long enough for a task, too short for a screen left unlocked.
ADMINISTRATIVE = timedelta(minutes=10)
# One's own other sessions: a working day, so that shutting out a thief is never in the way.
OWN_SESSIONS = timedelta(hours=12)

READING = frozenset({"GET", "HEAD", "OPTIONS"})

View = Callable[Concatenate[Any, ...], HttpResponse]


def step_up(within: timedelta, *, reading: bool = False) -> Callable[[View], View]:
    """The view wants a proof not older than `within`; without one the person is asked first.

    A POST is kept in the session meanwhile and goes on by itself after the proof. GET passes
    unless `reading`. Put it below `requires`: nobody is asked for a password to be refused then.
    """

    def decorator(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if (reading or request.method not in READING) and not is_proved(request, within):
                return ask_for_proof(request)
            return view(request, *args, **kwargs)

        checked.step_up, checked.step_up_reading = within, reading  # type: ignore[attr-defined]
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


def ask_for_proof(request: HttpRequest) -> HttpResponse:
    """Keeps the request for later and sends the person to the page that asks."""
    by_htmx = request.headers.get("HX-Request")
    # What goes on after the proof answers a plain form: a whole page or a real redirect. allauth
    # keeps META with the POST; `headers` is a copy, so this answer still knows better.
    request.META = {
        name: value for name, value in request.META.items() if not name.startswith("HTTP_HX_")
    }
    if request.method == "POST":
        # allauth resumes a POST only at an address without a query; it keeps GET apart.
        request.META["QUERY_STRING"] = ""
    redirect: HttpResponse = suspend_request(request, reverse("account_reauthenticate"))
    if not by_htmx:
        return redirect
    # htmx would follow a redirect and put the page into the page.
    return HttpResponse(status=401, headers={"HX-Redirect": redirect.headers["Location"]})
