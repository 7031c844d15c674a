"""What the portal publishes about itself for programs, open to all."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from sessions_admin.tokens.signing import issuer, jwks

# Far shorter than a key is published before it signs (signing_keys.PUBLISHED_BEFORE).
KEPT_SECONDS = 300


@require_safe
@login_not_required
def keys(request: HttpRequest) -> HttpResponse:
    """The public keys of the portal's tokens, RFC 7517 §5."""
    return published(JsonResponse(jwks(), content_type="application/jwk-set+json"))


@require_safe
@login_not_required
def metadata(request: HttpRequest) -> HttpResponse:
    """What this authorization server can do, RFC 8414 §2. People sign in to apps through
    allauth's flows, so there is no authorization endpoint and no response type."""
    here = issuer()
    return published(
        JsonResponse(
            {
                "issuer": here,
                "token_endpoint": here + reverse("oauth-token"),
                "revocation_endpoint": here + reverse("oauth-revoke"),
                "introspection_endpoint": here + reverse("oauth-introspect"),
                "jwks_uri": here + reverse("jwks"),
                "response_types_supported": [],
                "grant_types_supported": ["refresh_token"],
                "token_endpoint_auth_methods_supported": ["none"],
                "revocation_endpoint_auth_methods_supported": ["none"],
                "introspection_endpoint_auth_methods_supported": ["Bearer"],
                "scopes_supported": ["read", "write"],
            }
        )
    )


def published(response: HttpResponse) -> HttpResponse:
    """Everybody may read and keep it for a while; it has no secret."""
    response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
