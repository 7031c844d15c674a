"""What the portal publishes about itself for programs, open to all."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from sessions_admin.signing import jwks

# Far shorter than a key is published before it signs (signing_keys.PUBLISHED_BEFORE).
KEPT_SECONDS = 300


@require_safe
@login_not_required
def keys(request: HttpRequest) -> HttpResponse:
    """The public keys of the portal's tokens, RFC 7517 §5."""
    return published(JsonResponse(jwks(), content_type="application/jwk-set+json"))


def published(response: HttpResponse) -> HttpResponse:
    """Everybody may read and keep it for a while; it has no secret."""
    response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
