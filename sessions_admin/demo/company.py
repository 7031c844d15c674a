"""The demo as a whole: founded, played, written down; and cleared away again."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models, transaction

from accounts.models import User
from sessions_admin.demo.cast import ROLES, TENANTS, make_people, make_tenants
from sessions_admin.demo.diary import Diary
from sessions_admin.demo.failures import fail
from sessions_admin.demo.findings import find
from sessions_admin.demo.intrusions import INTRUDED
from sessions_admin.demo.people import SHUT_OUT, as_people, demo_addresses, make_crowd, plan_trips
from sessions_admin.demo.places import network_rows, place_rows
from sessions_admin.demo.programs import make_applications, make_keys, make_tokens
from sessions_admin.demo.recognition import recognise
from sessions_admin.demo.rules import HISTORY, RISK_HISTORY, assign, steps
from sessions_admin.demo.scenes import Company, play
from sessions_admin.demo.told import tell
from sessions_admin.geo import (
    Subject,
    is_written_by_us,
    write_city_database,
    write_network_database,
)
from sessions_admin.lifecycle.deciding import as_data as risk_data
from sessions_admin.lifecycle.deciding import ensure_rules
from sessions_admin.lifecycle.deciding import settings_of as risk_settings
from sessions_admin.lifecycle.ending import ensure_policy
from sessions_admin.lifecycle.policy_change import as_data, settings_of
from sessions_admin.models import Application, AuditEvent, Session
from sessions_admin.vocabulary import AuditAction
from tenants.models import Group, Membership, Tenant
from tenants.permissions import Permission

BATCH = 1000  # rows a statement: as fast as larger ones, without their memory
FOUNDED = timedelta(days=400)
HELP_DESK = frozenset({Permission.USERS_VIEW, Permission.SESSIONS_VIEW, Permission.SESSIONS_END})

Report = Callable[[str, int], None]


def is_loaded() -> bool:
    """Whether the demo is here, as loaded or changed since."""
    return User.objects.filter(email=ROLES["operator"].email).exists()


def strangers() -> bool:
    """Whether the database holds people or tenants that are not the demo's."""
    people = User.objects.exclude(email__in=demo_addresses())
    return people.exists() or Tenant.objects.exclude(slug__in=TENANTS).exists()


def clear() -> None:
    """Takes the demo away, with everything that its tenants and people left behind."""
    Application.objects.filter(tenants__slug__in=TENANTS).delete()
    Tenant.objects.filter(slug__in=TENANTS).delete()
    people = User.objects.filter(email__in=demo_addresses())
    Session.objects.filter(user__in=people).delete()
    AuditEvent.objects.filter(models.Q(user__in=people) | models.Q(actor__in=people)).delete()
    people.delete()


def load(seed: int, now: datetime, report: Report) -> None:
    """Writes the whole demo, or nothing of it. `report` hears what was written, and how many."""
    write_places()
    with transaction.atomic():
        company = _found(random.Random(seed), now)  # noqa: S311  a story, no secret
        report("tenants", len(company.tenants))
        report("people", len(company.everybody))
        _set_rules(company)
        _set_risk_rules(company)
        play(company)
        fail(company)
        _write(company, report)


def write_places() -> None:
    """The databases of the demo's networks, in use from now on; real ones stay as they are."""
    settings.GEOIP_PATH = settings.GEOIP_PATH or str(settings.DEMO_PLACES)
    if Path(settings.GEOIP_PATH) == settings.DEMO_PLACES:
        settings.GEOIP_ASN_PATH = settings.GEOIP_ASN_PATH or str(settings.DEMO_NETWORKS)
    if _is_ours_to_write(settings.GEOIP_PATH, Subject.CITY):
        write_city_database(settings.GEOIP_PATH, place_rows())
    if _is_ours_to_write(settings.GEOIP_ASN_PATH, Subject.ASN):
        write_network_database(settings.GEOIP_ASN_PATH, network_rows())


def _is_ours_to_write(path: str, subject: Subject) -> bool:
    return bool(path) and (not Path(path).exists() or is_written_by_us(path, subject))


def _found(rng: random.Random, now: datetime) -> Company:
    """Tenants and people."""
    tenants = make_tenants()
    Group.objects.create(tenant=tenants["acme"], name="Help desk", permissions=HELP_DESK)
    cast = make_people(tenants)
    crowd = make_crowd(tenants, cast["member"].password, rng)
    at_home = {*INTRUDED, *SHUT_OUT}
    away = [one for one in crowd if one.user.email.endswith("@acme.test")]
    plan_trips([one for one in away if one.user.email not in at_home], now, rng)
    company = Company(tenants, as_people(cast, tenants), crowd, Diary(now, rng))
    User.objects.filter(email__in=demo_addresses()).update(joined_at=now - FOUNDED)
    Tenant.objects.filter(slug__in=TENANTS).update(created_at=now - FOUNDED)
    Membership.objects.filter(tenant__slug__in=TENANTS).update(joined_at=now - FOUNDED)
    return company


def _set_rules(company: Company) -> None:
    """The rules as they are, and in the audit log how they became so."""
    diary = company.diary
    for slug, changes in HISTORY.items():
        row = ensure_policy(company.tenants[slug])
        for change, before, after in steps(changes):
            assign(row, change.values)
            diary.event(
                AuditAction.POLICY_CHANGED, change.at(diary.now),
                actor_id=company.cast[change.by].user.pk, tenant_id=row.pk,
                old=as_data(settings_of(before)), new=as_data(settings_of(after)),
                effect={"ended": change.ended},
            )  # fmt: skip
        row.save()


def _set_risk_rules(company: Company) -> None:
    for slug, change in RISK_HISTORY.items():
        row = ensure_rules(company.tenants[slug])
        old = risk_settings(row)
        assign(row, change.values)
        row.save()
        company.diary.event(
            AuditAction.RISK_RULES_CHANGED, change.at(company.diary.now), tenant_id=row.pk,
            actor_id=company.cast[change.by].user.pk,
            old=risk_data(old), new=risk_data(risk_settings(row)),
        )  # fmt: skip


def _write(company: Company, report: Report) -> None:
    diary = company.diary
    devices = recognise(diary)
    risks = find(company)
    notices = tell(company, risks)
    keys, tokens = make_keys(company), make_tokens(company)
    make_applications(company)
    # By time, as they would have come: ids that ascend are what the indexes like.
    tables: tuple[tuple[str, list[Any]], ...] = (
        ("known devices", devices),
        ("sessions", _by_time(diary.sessions)),
        ("sightings", diary.sightings),
        ("login attempts", _by_time(diary.attempts)),
        ("findings", _by_time(risks)),
        ("notices", notices),
        ("API keys", keys),
        ("refresh tokens", tokens),
        ("audit events", _by_time(diary.events)),
    )
    for name, rows in tables:
        model = type(rows[0])
        model._default_manager.bulk_create(rows, batch_size=BATCH)
        report(name, len(rows))
    _note_last_logins(company)


def _by_time(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: row.pk)


def _note_last_logins(company: Company) -> None:
    for session in company.diary.sessions:
        user = session.user
        assert user  # noqa: S101  all of the demo's sessions are somebody's
        user.last_login = max(user.last_login or session.started_at, session.started_at)
    User.objects.bulk_update((one.user for one in company.everybody), ["last_login"])
