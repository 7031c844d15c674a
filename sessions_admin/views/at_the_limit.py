from django.http import HttpRequest, HttpResponse


def refused(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")


def choose(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")
