"""Sessions by what they are like: the criteria of a search, and of an ending by query."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.backends.signals import connection_created
from django.db.models import GenericIPAddressField, Lookup, Q
from django.dispatch import receiver

from sessions_admin.vocabulary import DeviceType, Kind
from tenants.models import Membership

if TYPE_CHECKING:
    from sessions_admin.live import SessionQuerySet
    from tenants.access import CurrentTenant

ASN = re.compile(r"AS([0-9]{1,10})", re.IGNORECASE | re.ASCII)
LARGEST_ASN = 2**32 - 1  # RFC 6793


@dataclass(frozen=True, slots=True)
class SessionQuery:
    """All criteria that are set must hold; none set means every session."""

    user: UUID | None = None
    group: str | None = None  # its name
    country: str | None = None  # ISO 3166-1 alpha-2
    network: str | None = None  # 192.0.2.0/24, 2001:db8::/32, one address, or AS64496
    device: str | None = None  # a part of the browser's or the system's name
    device_type: DeviceType | None = None
    idle_longer_than: timedelta | None = None
    started_before: datetime | None = None
    method: str | None = None  # an RFC 8176 value: pwd, otp, hwk
    kind: Kind | None = None

    @property
    def is_empty(self) -> bool:
        return not any(getattr(self, field.name) is not None for field in fields(self))

    def as_data(self) -> dict[str, str]:
        """Only what is set, as texts: equal queries are equal data."""
        return {name: str(value) for name, value in asdict(self).items() if value is not None}


def matching(
    sessions: SessionQuerySet, query: SessionQuery, tenant: CurrentTenant, now: datetime
) -> SessionQuerySet:
    """Those of the tenant's live sessions that meet all criteria."""
    live = sessions.live_within(tenant, now).filter(user__isnull=False)
    return live.filter(*_criteria(query, tenant, now))


def is_network(text: str) -> bool:
    """Whether the text can be the criterion `network`."""
    if asn := ASN.fullmatch(text):
        return int(asn[1]) <= LARGEST_ASN
    return network_of(text) is not None


@lru_cache(maxsize=256)
def network_of(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    if "%" in text:  # a zone means something on one machine only, and nothing to PostgreSQL
        return None
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _criteria(query: SessionQuery, tenant: CurrentTenant, now: datetime) -> list[Q]:
    criteria: list[Q] = []
    plain: dict[str, Any] = {
        "user_id": query.user, "device_type": query.device_type, "kind": query.kind,
        "country_code": query.country and query.country.upper(),
        "started_at__lt": query.started_before,
    }  # fmt: skip
    criteria += [Q((name, value)) for name, value in plain.items() if value is not None]
    if query.idle_longer_than is not None:
        criteria.append(Q(last_seen_at__lt=now - query.idle_longer_than))
    if query.group is not None:
        members = Membership.objects.filter(tenant_id=tenant.id, groups__name=query.group)
        criteria.append(Q(user__in=members.values("user")))
    if query.device is not None:
        criteria.append(Q(browser__icontains=query.device) | Q(system__icontains=query.device))
    if query.network is not None:
        criteria.append(_from_network(query.network))
    if query.method is not None:
        criteria.append(_signed_in_by(query.method))
    return criteria


def _from_network(text: str) -> Q:
    if asn := ASN.fullmatch(text):
        return Q(asn=int(asn[1]))
    return Q(ip__within=str(network_of(text)))


def _signed_in_by(method: str) -> Q:
    """`amr` is words separated by blanks."""
    return (
        Q(amr=method) | Q(amr__startswith=f"{method} ")
        | Q(amr__endswith=f" {method}") | Q(amr__contains=f" {method} ")
    )  # fmt: skip


@GenericIPAddressField.register_lookup
class Within(Lookup[Any]):
    """ip__within="192.0.2.0/24": in the database, for both of ours."""

    lookup_name = "within"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: Any) -> tuple[str, tuple[str | int, ...]]:
        return "%s", (str(value),)

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        address, network, parameters = self._sides(compiler, connection)
        return f"{address} <<= {network}::inet", parameters

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, list[Any]]:
        address, network, parameters = self._sides(compiler, connection)
        return f"ip_within({address}, {network})", parameters

    def _sides(self, compiler: Any, connection: Any) -> tuple[str, str, list[Any]]:
        # Not process_lhs: Django shows an inet to its text lookups as host(ip).
        address, left = compiler.compile(self.lhs)
        network, right = self.process_rhs(compiler, connection)
        return address, network, [*left, *right]


@receiver(connection_created)
def teach_networks(connection: Any, **_: object) -> None:
    """SQLite knows no networks."""
    if connection.vendor == "sqlite":
        connection.connection.create_function("ip_within", 2, _ip_within, deterministic=True)


def _ip_within(address: str | None, network: str) -> bool:
    try:
        return address is not None and ipaddress.ip_address(address) in ipaddress.ip_network(
            network
        )
    except ValueError:
        return False
