from django.http import HttpRequest, HttpResponse


def my_sessions(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")


def end_selected(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")


def end_others(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")


def end_all(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")


def end(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")


def rename(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")
