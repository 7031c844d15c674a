"""A person's attempts to sign in, as an administrator of a tenant may know of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import F, Q, QuerySet

from sessions_admin.keyset import Order
from sessions_admin.models import LoginAttempt
from sessions_admin.vocabulary import LoginOutcome

if TYPE_CHECKING:
    from tenants.access import CurrentTenant

# The ids are UUIDv7: by id is by time.
LATEST_FIRST = Order("attempts", F("id"), descending=True)


def attempts_at(tenant: CurrentTenant, user: Any) -> QuerySet[LoginAttempt]:
    """Sign-ins to this tenant, and attempts that came too short to reach any."""
    nowhere = Q(tenant=None, outcome__in=[LoginOutcome.FAILED, LoginOutcome.DENIED])
    return LoginAttempt.objects.filter(Q(tenant_id=tenant.id) | nowhere, user=user)
