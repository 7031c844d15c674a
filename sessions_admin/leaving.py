"""Where somebody goes who may not stay: as a redirect of the whole page, htmx or not."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import urlencode


def signed_out(request: HttpRequest) -> HttpResponse:
    """To the page that says why the session is over; the cookie stays as its evidence."""
    return leave_for(request, f"/signed-out/?{urlencode({'next': return_path(request)})}")


def leave_for(request: HttpRequest, url: str) -> HttpResponse:
    """A redirect of the whole page: htmx would swap a followed redirect into the page."""
    if not request.headers.get("HX-Request"):
        return HttpResponseRedirect(url)
    return HttpResponse(status=401, headers={"HX-Redirect": url})


def return_path(request: HttpRequest) -> str:
    """Where to come back to: the page, not a fragment of it and not an action."""
    if request.headers.get("HX-Request"):
        current = request.htmx.current_url_abs_path if hasattr(request, "htmx") else None
        return current or "/"
    return request.get_full_path() if request.method == "GET" else "/"
