"""Where to go after an action."""

from typing import Any

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def destination(request: HttpRequest, default: str = "/") -> str:
    """The field or parameter `next` if it is the path of a page of ours, else the default."""
    url = request.POST.get("next") or request.GET.get("next") or ""
    # What is no path would be looked up as the name of a view.
    safe = url.startswith("/") and url_has_allowed_host_and_scheme(
        url, {request.get_host()}, require_https=request.is_secure()
    )
    return url if safe else default


def page_of_htmx(request: Any) -> str:
    """The page of ours that an htmx request comes from; empty when it does not say."""
    try:
        return str(request.htmx.current_url_abs_path or "")
    except (AttributeError, ValueError):  # no htmx; a header that is no address: “http://[”
        return ""
