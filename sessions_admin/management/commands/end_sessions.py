"""manage.py end_sessions: logs people out from a shell."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from sessions_admin.lifecycle import end_everything, end_sessions
from sessions_admin.live import SessionQuerySet
from sessions_admin.models import NOTE_LENGTH, Session
from sessions_admin.request.client import address
from sessions_admin.vocabulary import EndReason
from tenants.models import Tenant

REASON = EndReason.REVOKED_BY_OPERATOR


class Command(BaseCommand):
    help = (
        "Ends sessions at once: of a person, of a tenant, from an address, or all there are. "
        "--user, --tenant and --ip together mean the sessions that all of them are true of."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", metavar="EMAIL", help="the sessions of this person")
        parser.add_argument("--tenant", metavar="SLUG", help="the sessions in this tenant")
        parser.add_argument("--ip", metavar="ADDRESS", help="the sessions last seen with it")
        parser.add_argument("--everything", action="store_true", help="every session there is")
        parser.add_argument("--note", default="", help="what the people will read about it")
        parser.add_argument("--dry-run", action="store_true", help="count, and end nothing")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_: object, **options: Any) -> None:
        refuse_unclear(options)
        sessions, tenant = chosen(options)
        if options["dry_run"]:
            ended = sessions.live().count()
        elif options["user"] or options["ip"]:
            ended = len(
                end_sessions(sessions.live(), reason=REASON, actor=None, note=options["note"])
            )
        else:
            # Of a whole tenant there may be very many: their access ends before their rows do.
            ended = end_everything(tenant, reason=REASON, actor=None, note=options["note"])
        self.print_result(ended, dry_run=options["dry_run"], as_json=options["json"])

    def print_result(self, ended: int, *, dry_run: bool, as_json: bool) -> None:
        if as_json:
            self.stdout.write(json.dumps({"ended": ended, "dry_run": dry_run}))
            return
        verb = "Would end" if dry_run else "Ended"
        self.stdout.write(f"{verb} {ended:,} {'session' if ended == 1 else 'sessions'}.")


def refuse_unclear(options: dict[str, Any]) -> None:
    some = [name for name in ("user", "tenant", "ip") if options[name] is not None]
    if not some and not options["everything"]:
        raise CommandError("Say whose: --user, --tenant, --ip or --everything.")
    if some and options["everything"]:
        raise CommandError(f"--everything and --{some[0]} contradict each other.")
    if len(options["note"]) > NOTE_LENGTH:
        raise CommandError(f"The note is longer than {NOTE_LENGTH} characters.")


def chosen(options: dict[str, Any]) -> tuple[SessionQuerySet, Tenant | None]:
    """The sessions that all given options are true of, and the tenant if one is given."""
    sessions: SessionQuerySet = Session.objects.all()
    tenant = None
    if options["user"] is not None:
        sessions = sessions.of(person(options["user"]))
    if options["tenant"] is not None:
        tenant = tenant_named(options["tenant"])
        sessions = sessions.within(tenant)
    if options["ip"] is not None:
        sessions = sessions.filter(ip=address_typed(options["ip"]))
    return sessions, tenant


def person(email: str) -> User:
    try:
        return User.objects.get_by_natural_key(email.strip())
    except User.DoesNotExist as error:
        raise CommandError(f"Nobody has the address {email!r}.") from error


def tenant_named(slug: str) -> Tenant:
    try:
        return Tenant.objects.get(slug=slug)
    except Tenant.DoesNotExist as error:
        raise CommandError(f"No tenant has the short name {slug!r}.") from error


def address_typed(text: str) -> str:
    ip = address(text)
    if ip is None:
        raise CommandError(f"{text!r} is not an IP address.")
    return str(ip)
