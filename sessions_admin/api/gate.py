"""What a call needs before it is looked at: a section, a permission, a fresh proof."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from inspect import unwrap
from typing import Any

from django.http import HttpResponse
from ninja.decorators import decorate_view

from sessions_admin.api.callers import ApiRequest, Caller
from sessions_admin.api.problems import FORBIDDEN, NO_TENANT, NOT_FOUND, ProblemError, invalid
from tenants.access import CurrentTenant
from tenants.permissions import Permission, Section

Run = Callable[..., HttpResponse]
Operation = Callable[..., Any]


def needs(
    section: Section, *permissions: Permission, proof: timedelta | None = None
) -> Callable[[Operation], Operation]:
    """Section off → 404, permission missing → 403, proof too old → 403: before any parameter is
    read. Without permissions it is about the caller's own sessions, so a person must call."""

    def decorator(operation: Operation) -> Operation:
        operation.needs = (section, permissions, proof)  # type: ignore[attr-defined]
        return decorate_view(_checks(section, permissions, proof))(operation)

    return decorator


def _checks(
    section: Section, permissions: tuple[Permission, ...], proof: timedelta | None
) -> Callable[[Run], Run]:
    def decorator(run: Run) -> Run:
        @wraps(run)
        def checked(request: ApiRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            caller = request.caller
            if section not in caller.access.sections:
                raise ProblemError(NOT_FOUND)
            if permissions:
                tenant_of(caller)
            else:
                caller.person()
            hold_to(caller, *permissions)
            if proof is not None:
                caller.hold_to_proof(proof)
            return run(request, *args, **kwargs)

        return checked

    return decorator


def hold_to_known_parameters(run: Run) -> Run:
    """A parameter that nobody knows is an error: left out, it would silently widen a search."""
    operation: Any = getattr(unwrap(run), "__self__")  # noqa: B009  a bound method
    known = {
        name
        for model in operation.models if model.__ninja_param_source__ == "query"
        for name in model.__ninja_flatten_map__
    }  # fmt: skip

    @wraps(run)
    def checked(request: ApiRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        for name in request.GET:
            if name not in known:
                raise invalid(parameter=name, detail="There is no such parameter.")
        return run(request, *args, **kwargs)

    return checked


def hold_to(caller: Caller, *permissions: Permission) -> None:
    for permission in permissions:
        if not caller.access.may(permission):
            raise ProblemError(FORBIDDEN, permission=str(permission))


def tenant_of(caller: Caller) -> CurrentTenant:
    """The tenant that the call is about; an operator's session may have none."""
    if caller.access.tenant is None:
        raise ProblemError(NO_TENANT)
    return caller.access.tenant
