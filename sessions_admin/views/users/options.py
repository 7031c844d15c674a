"""What an administrator may do to one person: as the row's menu and the person's page offer it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from sessions_admin.people.members import refusal_to_disable, refusal_to_end
from tenants.permissions import Permission

if TYPE_CHECKING:
    from sessions_admin.people.people_list import Person
    from tenants.access import TenantRequest


@dataclass(frozen=True, slots=True)
class Options:
    """`ends`: how many sessions would end; refusals are words, empty where it is possible."""

    ends: int
    end_refusal: str
    disable_refusal: str
    enable_refusal: str


def options(request: TenantRequest, person: Person) -> Options:
    """Without the permission to see sessions `ends` is 0, and ending is still possible."""
    is_self = person.user.pk == request.user.pk
    ends = max(0, person.live_count - is_self)
    disable_refusal = refusal_to_disable(request.access, request.user, person.membership)
    nothing = _("No other live session") if is_self else _("No live session")
    knows = request.access.may(Permission.SESSIONS_VIEW)
    return Options(
        ends,
        refusal_to_end(request.access) or (nothing if knows and not ends else ""),
        disable_refusal,
        disable_refusal or _platform(person),
    )


def _platform(person: Person) -> str:
    """The tenant shut nobody out, yet the person is: an operator did it."""
    return _("Only an operator can undo it") if person.membership.is_active else ""
