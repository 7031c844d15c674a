from django.http import HttpRequest, HttpResponse


def session_settings(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")


def preview(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")


def restore(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")
