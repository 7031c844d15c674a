"""The files that tell where addresses are and who runs their networks."""

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from sessions_admin.diagnosis.finding import Finding, ok, problem, warning
from sessions_admin.diagnosis.stores import first_line
from sessions_admin.geo import NotADatabaseError, Subject, built_at

# Addresses change hands; the free databases appear monthly.
OLD = timedelta(days=45)
FIX = "Run `manage.py update_geoip`, daily: it downloads only what is new."


def places() -> Finding:
    if not settings.GEOIP_PATH:
        return ok("Places", "Not shown: GEOIP_PATH is not set.")
    return judge_file("Places", settings.GEOIP_PATH, Subject.CITY)


def networks() -> Finding:
    if not settings.GEOIP_ASN_PATH:
        return ok("Networks", "Not known by name and number: GEOIP_ASN_PATH is not set.")
    return judge_file("Networks", settings.GEOIP_ASN_PATH, Subject.ASN)


def judge_file(name: str, path: str, subject: Subject) -> Finding:
    if not Path(path).is_file():
        return problem(name, f"{path} is not there.", fix=FIX)
    try:
        built = built_at(path, subject)
    except NotADatabaseError as error:
        return problem(name, f"The file cannot be used: {first_line(error)}", fix=FIX)
    return judge_age(name, built, timezone.now())


def judge_age(name: str, built: datetime, now: datetime) -> Finding:
    if now - built > OLD:
        return warning(
            name,
            f"The data is {(now - built).days} days old: {name.lower()} may be wrong.",
            fix=FIX,
        )
    return ok(name, f"The data is of {built:%Y-%m-%d}.")
