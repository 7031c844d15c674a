from django.http import HttpRequest, HttpResponse


def signed_out(request: HttpRequest, **_: object) -> HttpResponse:
    return HttpResponse("being built")
