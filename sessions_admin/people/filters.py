"""The filters of the list of people beside its search and state: all that are set must hold.

What the URL names and the tenant does not have (a group that was renamed, a country that is none)
finds nobody. To leave it out would find more people than were asked for, and they can be logged
out all at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from django.db import connections
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from sessions_admin.models import Risk, Session, SessionPolicy
from sessions_admin.review.traits import NEWS
from sessions_admin.vocabulary import Kind, RiskState
from tenants.models import Group, Membership

if TYPE_CHECKING:
    from sessions_admin.live import SessionQuerySet
    from tenants.access import CurrentTenant

GROUP_LENGTH = 60  # of its name
GROUPS_OFFERED = 100  # more is no list to choose from; the URL takes any
ON = "1"
FROM_THE_START = dict.fromkeys(("after", "before"))  # the cursors of another list


@dataclass(frozen=True, slots=True)
class Filters:
    """What the URL asks for. Empty and False: whoever."""

    group: str = ""  # its name
    country: str = ""  # ISO 3166-1 alpha-2, of a live session
    suspicious: bool = False  # an open finding, or a session that must be proven
    at_limit: bool = False  # as many live sessions as the tenant allows, or more

    @classmethod
    def of(cls, query: Mapping[str, str], *, sees_sessions: bool) -> Filters:
        group = _word(query, "group")[: GROUP_LENGTH + 1]
        if not sees_sessions:
            return cls(group)
        return cls(
            group,
            _word(query, "country").upper()[:3],
            query.get("suspicious") == ON,
            query.get("at_limit") == ON,
        )

    def __bool__(self) -> bool:
        return self != Filters()

    def of_members(
        self, members: QuerySet[Membership], live: SessionQuerySet, tenant: CurrentTenant
    ) -> QuerySet[Membership]:
        """Those of the tenant's members who are meant; `live` are its live sessions."""
        if self.group:
            members = members.filter(groups__name=self.group, groups__tenant=tenant.id)
        if self.country:
            members = members.filter(user__in=live.filter(country_code=self.country).values("user"))
        if self.suspicious:
            members = members.filter(_is_suspicious(live, tenant))
        if self.at_limit:
            members = members.filter(user__in=_at_limit(live, tenant))
        return members


@dataclass(frozen=True, slots=True)
class Choices:
    """What there is to choose from, and the names of what was chosen."""

    filters: Filters
    groups: list[str]
    countries: dict[str, str]  # names by code

    @property
    def chosen(self) -> list[tuple[str, dict[str, None]]]:
        """Each filter that is set: its words, and what to change in the query to be rid of it."""
        filters = self.filters
        country = self.countries.get(filters.country, filters.country)
        words = {
            "group": filters.group and _("Group: %s") % filters.group,
            "country": country and _("From: %s") % country,
            "suspicious": filters.suspicious and _("Suspicious"),
            "at_limit": filters.at_limit and _("At the session limit"),
        }
        return [(said, {name: None, **FROM_THE_START}) for name, said in words.items() if said]

    @property
    def without_any(self) -> dict[str, None]:
        return {field.name: None for field in fields(Filters)} | FROM_THE_START


def choices(tenant: CurrentTenant, filters: Filters, *, sees_sessions: bool) -> Choices:
    """Only what occurs in the tenant, in two statements; and what is chosen, if that does not."""
    groups = _groups(tenant)
    countries = _countries(tenant) if sees_sessions else {}
    if filters.group and filters.group not in groups:
        groups.append(filters.group)
    if filters.country:
        countries.setdefault(filters.country, filters.country)
    return Choices(filters, groups, countries)


def _groups(tenant: CurrentTenant) -> list[str]:
    members = Membership.groups.through.objects.filter(group=OuterRef("pk"))
    groups = Group.objects.filter(Exists(members), tenant_id=tenant.id).order_by("name")
    return list(groups.values_list("name", flat=True)[:GROUPS_OFFERED])


def _countries(tenant: CurrentTenant) -> dict[str, str]:
    """Where open sessions are, names by code: as many looks into the index as there are countries,
    however many sessions. Whether one is overdue since a minute is not worth its price here."""
    connection = connections[Session.objects.db]
    table = connection.ops.quote_name(Session._meta.db_table)
    here = "tenant_id = %s AND ended_at IS NULL"
    sql = f"""
        WITH RECURSIVE codes(code) AS (
            SELECT min(country_code) FROM {table} WHERE {here} AND country_code > ''
            UNION ALL
            SELECT (SELECT min(country_code) FROM {table} WHERE {here} AND country_code > code)
            FROM codes WHERE code IS NOT NULL
        )
        SELECT code, (SELECT min(country) FROM {table} WHERE {here} AND country_code = code)
        FROM codes WHERE code IS NOT NULL
    """  # noqa: S608  names of ours; the tenant is a parameter
    tenant_id = Session._meta.get_field("tenant").get_db_prep_save(tenant.id, connection)
    with connection.cursor() as cursor:
        cursor.execute(sql, [tenant_id] * 3)
        named = {code: name or code for code, name in cursor.fetchall()}
    return dict(sorted(named.items(), key=lambda one: one[1]))


def _is_suspicious(live: SessionQuerySet, tenant: CurrentTenant) -> Q:
    """Twin of traits.is_suspicious, for a person: also what a session did that is over by now."""
    findings = Risk.objects.filter(tenant_id=tenant.id, state=RiskState.OPEN)
    return Q(user__in=live.filter(suspected_at__isnull=False).values("user")) | Q(
        user__in=findings.exclude(detector__in=NEWS).values("user")
    )


def _at_limit(live: SessionQuerySet, tenant: CurrentTenant) -> QuerySet[Any, Any]:
    """Whose sessions are as many as the limit, or more; nobody's where there is none. An index
    alone finds the few who come into question; only their sessions are looked at closely."""
    policy = SessionPolicy.objects.filter(pk=tenant.id, max_live_sessions_enabled=True)
    limit = policy.values("max_live_sessions")
    crowded = _users_with(Session.objects.open().within(tenant), limit)
    # As birth.contenders counts.
    return _users_with(live.exclude(kind=Kind.SUPPORT).filter(user__in=crowded), limit)


def _users_with(sessions: SessionQuerySet, limit: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    counted: QuerySet[Any, Any] = sessions.values("user").annotate(n=Count("pk"))
    return counted.filter(n__gte=limit).values("user")


def _word(query: Mapping[str, str], name: str) -> str:
    return "".join(letter for letter in query.get(name, "") if letter.isprintable()).strip()
