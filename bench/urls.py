"""The pages that are measured: one view for every layer, and the URLs that lead to it."""

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts.models import User
from tenants.access import PortalRequest

KEY = "bench"  # a value that the view reads from the session


def page(request: HttpRequest) -> HttpResponse:
    """What a usual page asks: who is there, and something of the session."""
    user = request.user
    assert user.is_authenticated
    return HttpResponse(f"{user.pk} {request.session[KEY]}")


def page_of_tenant(request: PortalRequest) -> HttpResponse:
    """The same, and what the person may do here; Django has nothing of the kind."""
    assert request.access.permissions
    return page(request)


def alive(request: HttpRequest) -> HttpResponse:
    """Whether somebody is signed in, and who: what forward-auth answers."""
    user = request.user
    response = HttpResponse(str(user.pk), status=200 if user.is_authenticated else 401)
    response.headers["Content-Length"] = len(response.content)  # as CommonMiddleware does
    return response


def bare(request: HttpRequest) -> HttpResponse:
    """Neither user nor session."""
    return HttpResponse("00000000-0000-0000-0000-000000000000 a value")


def sign_in(request: HttpRequest) -> HttpResponse:
    """A sign-in without hashing the password, which would drown the rest."""
    user = User.objects.get(email=request.GET["email"])
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[KEY] = "a value"
    return HttpResponse()


urlpatterns = [
    path("page/", page),
    path("tenant/", page_of_tenant),
    path("alive/", alive),
    path("bare/", bare),
    path("sign-in/", sign_in),
]
