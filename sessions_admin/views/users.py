from django.http import HttpRequest, HttpResponse


def users(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")


def end_sessions_of_many(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")


def user(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")


def end_sessions_of(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")


def disable(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")


def enable(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")
