"""Questions that a list asks for each of its rows."""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from tenants.models import Membership


def is_member(*, user: str, tenant: str = "tenant", **which: Any) -> Coalesce:
    """Whether the person in the row's field `user` belongs to the tenant in its field `tenant`.

    No EXISTS: PostgreSQL would rather read all memberships that there are than look up those of
    the rows of one page.
    """
    members = Membership.objects.filter(tenant=OuterRef(tenant), user=OuterRef(user), **which)
    here = members.values_list(Value(True))[:1]  # noqa: FBT003  SQL's
    return Coalesce(Subquery(here, output_field=BooleanField()), Value(False))  # noqa: FBT003
