"""The portal with pages of every kind that may ask for a step-up."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.http import require_POST

from accounts.step_up import ADMINISTRATIVE, OWN_SESSIONS, step_up
from config.urls import urlpatterns as portal

done = []


@require_POST
@step_up(ADMINISTRATIVE)
def act(request):
    query = {"query": request.GET["q"]} if "q" in request.GET else {}
    done.append(request.POST.dict() | query)
    if request.htmx:
        return HttpResponse("<p>fragment</p>")
    return redirect("profile")


@require_POST
@step_up(OWN_SESSIONS)
def act_on_own(request):
    return HttpResponse("done")


@step_up(ADMINISTRATIVE)
def read(request):
    return HttpResponse("read")


@step_up(ADMINISTRATIVE, reading=True)
def export(request):
    return HttpResponse("secret")


urlpatterns = [
    *portal,
    path("test/act/", act),
    path("test/act-on-own/", act_on_own),
    path("test/read/", read),
    path("test/export/", export),
]
