"""Where somebody goes who may not stay: as a redirect of the whole page, whoever asked for it."""

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils.http import urlencode

from sessions_admin.request.destination import page_of_htmx
from sessions_admin.request.presence import is_passive

PASSWORD = "reauthenticate"  # noqa: S105  allauth's name of a way, not a secret


def signed_out(request: HttpRequest) -> HttpResponse:
    """To the page that says why the session is over; the cookie stays as its evidence."""
    return leave_for(request, f"/signed-out/?{urlencode({'next': return_path(request)})}")


def prove_first(request: HttpRequest) -> HttpResponse:
    """To the page where a suspected session proves who is there: with a second factor, if the
    person has one. What was posted is not kept: nobody knows yet who wrote it."""
    user = request.session.found.user  # type: ignore[attr-defined]
    ways = get_adapter().get_reauthentication_methods(user)
    urls = {way["id"]: way["url"] for way in ways}
    password = urls.pop(PASSWORD, reverse("account_reauthenticate"))
    url = next(iter(urls.values()), password)
    return leave_for(request, f"{url}?{urlencode({'next': return_path(request)})}")


def leave_for(request: HttpRequest, url: str) -> HttpResponse:
    """A redirect of the whole page: htmx would swap a followed redirect into the page, and a
    script that asks for JSON would get a page."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": url})
    if _wants_json(request):
        # A page's own question was answered: no error for the browser's console.
        return JsonResponse({"signed_out": url}, status=200 if is_passive(request) else 401)
    return HttpResponseRedirect(url)


def return_path(request: HttpRequest) -> str:
    """Where to come back to: the page, not a fragment of it and not an action."""
    if request.headers.get("HX-Request"):
        return page_of_htmx(request) or "/"
    is_page = request.method == "GET" and not _wants_json(request)
    return request.get_full_path() if is_page else "/"


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"
