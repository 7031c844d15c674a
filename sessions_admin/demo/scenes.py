"""What happens in the demo: who is signed in now, who ended what and why, how the days pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import User
from sessions_admin.demo.diary import DAYS, Diary, Ending
from sessions_admin.demo.intrusions import INTRUDED, intrude, intrude_now
from sessions_admin.demo.people import (
    DISABLED_IN_ACME,
    DISABLED_IN_GLOBEX,
    SUSPENDED_IN_ACME,
    Person,
)
from sessions_admin.demo.rules import at_work, policy_at
from sessions_admin.demo.support import give_support
from sessions_admin.models import Session
from sessions_admin.policy import Policy
from sessions_admin.vocabulary import AuditAction, EndReason
from tenants.models import Membership, Tenant

LIVE, ENDED = 300, 5000
# Devices by number, hours since the sign-in, minutes since the last click.
LIVE_CAST: dict[str, tuple[tuple[int, float, float], ...]] = {
    "operator": ((0, 2.6, 7), (1, 20, 190)),
    "owner": ((0, 3.2, 12), (1, 76, 41)),
    "admin": ((0, 1.4, 3), (1, 27, 95), (2, 130, 22)),
    "auditor": ((0, 4.5, 58),),
    "member": ((0, 2.1, 4), (1, 149, 16), (2, 30, 205), (3, 262, 71)),
    "outsider": ((0, 2.9, 9), (1, 51, 130)),
    "contractor": ((0, 1.8, 6), (1, 44, 160)),
}
CROWD_IDLE_MINUTES = 70.0  # on average, since the last click of those who are signed in
SINCE_TODAY, LEFT_TODAY = 0.55, 330  # so that the curve of the last day is alive
SPARE = timedelta(minutes=45)  # how far from a deadline the live sessions stay at least

ALONE = {
    EndReason.LOGGED_OUT: 44, EndReason.IDLE_TIMEOUT: 36, EndReason.ABSOLUTE_TIMEOUT: 20,
    EndReason.REVOKED_BY_USER: 6, EndReason.CONCURRENCY_LIMIT: 4, EndReason.API_REQUEST: 1,
    EndReason.TOKEN_REUSE: 0.3,
}  # fmt: skip
BY_THEMSELVES = {EndReason.LOGGED_OUT, EndReason.REVOKED_BY_USER, EndReason.TENANT_SWITCHED}
ADMIN_NOTES = (
    "Laptop reported stolen.", "Phone lost on the train.", "Unusual place, please sign in again.",
    "Quarterly access review.", "On parental leave from today.", "Shared computer left signed in.",
    "Device is being replaced.", "",
)  # fmt: skip
OPERATOR_NOTES = ("Certificates were replaced.", "Maintenance of the platform.")


@dataclass(slots=True)
class Company:
    """Everybody of the demo, and the diary that is being written."""

    tenants: dict[str, Tenant]
    cast: dict[str, Person]
    crowd: list[Person]
    diary: Diary

    @property
    def everybody(self) -> list[Person]:
        return [*self.cast.values(), *self.crowd]

    def of(self, slug: str) -> list[Person]:
        return [person for person in self.everybody if self.tenants[slug] in person.tenants]

    def named(self, address: str) -> Person:
        return next(person for person in self.crowd if person.user.email == address)


def play(company: Company) -> None:
    """Everything that ever happened, into the diary."""
    _shut_out(company)
    _sign_in_now(company)
    _suspend_globex(company)
    _change_credentials(company)
    _log_others_out(company)
    _clear_up(company)
    _switch_tenants(company)
    give_support(company)
    intrude(company)
    _fill_the_day(company)
    _pass_the_days(company)


def _shut_out(company: Company) -> None:
    """Two people are disabled, one is out of the tenant: with their sessions, at that moment."""
    admin, outsider = company.cast["admin"].user, company.cast["outsider"].user
    _disable(company, DISABLED_IN_ACME, 23.4, admin, "Left the company.")
    _disable(company, DISABLED_IN_GLOBEX, 5.7, outsider, "Phone lost, account under review.")
    person = company.named(SUSPENDED_IN_ACME)
    person.until = at_work(company.diary.now - timedelta(days=12.2))
    Membership.objects.filter(user=person.user).update(is_active=False)
    ending = Ending(EndReason.MEMBERSHIP_REMOVED, admin, "The project has ended.")
    company.diary.ended_together(person, person.tenants[0], 3, person.until, ending)


def _disable(company: Company, address: str, days_ago: float, by: User, note: str) -> None:
    person, diary = company.named(address), company.diary
    person.until = at_work(diary.now - timedelta(days=days_ago))
    person.user.is_active = False
    person.user.save(update_fields=["is_active"])
    diary.event(
        AuditAction.USER_DISABLED, person.until, actor_id=by.pk, user_id=person.user.pk, note=note
    )
    ending = Ending(EndReason.USER_DISABLED, by, note)
    diary.ended_together(person, person.tenants[0], 4, person.until, ending)


def _sign_in_now(company: Company) -> None:
    """The live sessions: a few for each of the cast, the others for the crowd by chance."""
    diary = company.diary
    enough = len(diary.sessions) + LIVE
    for name, sessions in LIVE_CAST.items():
        person = company.cast[name]
        for number, hours, minutes in sessions:
            tenant = person.tenants[number % len(person.tenants)]
            times = {"age": timedelta(hours=hours), "idle": timedelta(minutes=minutes)}
            session = diary.live(person, tenant, person.devices[number], **times)
            if number == 0:
                _name(diary, session, "Work laptop")
    intrude_now(company)
    free = [
        (person, device)
        for person in company.crowd
        if person.until is None and person.user.email not in INTRUDED
        for device in person.devices[: _policy(diary, person).max_live_sessions]
    ]  # fmt: skip
    for person, device in diary.rng.sample(free, enough - len(diary.sessions)):
        longest = (_policy(diary, person).absolute_timeout or timedelta(days=30)) - SPARE
        age = longest * diary.rng.triangular(0.002, 1, 0.02)
        if diary.rng.random() < SINCE_TODAY:
            age = diary.now - _a_moment_today(diary, person)
        if age > timedelta(days=1):
            began = person.working_moment(age / timedelta(days=1), diary.now, diary.rng)
            age = min(diary.now - began, longest)
        diary.live(person, person.tenants[0], device, age=age, idle=_idle(diary, person, age))


def _idle(diary: Diary, person: Person, age: timedelta) -> timedelta:
    """Mostly minutes, at the most until shortly before the idle timeout."""
    minutes = 0.4 + diary.rng.expovariate(1 / CROWD_IDLE_MINUTES)
    return min(timedelta(minutes=minutes), age * 0.9, _policy(diary, person).idle_timeout - SPARE)


def _policy(diary: Diary, person: Person) -> Policy:
    tenant = person.tenants[0]
    return policy_at(tenant.slug if tenant else None, diary.now, diary.now)


def _name(diary: Diary, session: Session, label: str) -> None:
    session.label = label
    diary.event(
        AuditAction.SESSION_RENAMED, session.started_at + timedelta(minutes=2),
        actor_id=session.user_id, user_id=session.user_id, session_id=session.pk,
    )  # fmt: skip


def _suspend_globex(company: Company) -> None:
    """For two days, once: everybody of globex was out."""
    at = at_work(company.diary.now - timedelta(days=52.4))
    operator = company.cast["operator"].user
    ending = Ending(EndReason.TENANT_SUSPENDED, operator, "The contract has run out.")
    for person in company.of("globex"):
        company.diary.ended_together(person, company.tenants["globex"], 2, at, ending)


def _change_credentials(company: Company) -> None:
    """A new password ends the other sessions."""
    diary = company.diary
    for person in diary.rng.choices(_present(company), k=45):
        at = _some_moment(diary, person)
        diary.event(
            AuditAction.CREDENTIAL_CHANGED, at, actor_id=person.user.pk, user_id=person.user.pk,
            kept_others=False,
        )  # fmt: skip
        ending = Ending(EndReason.CREDENTIAL_CHANGED, person.user)
        diary.ended_together(person, _home(diary, person), diary.rng.randint(1, 4), at, ending)


def _log_others_out(company: Company) -> None:
    """People end what they have forgotten to."""
    diary = company.diary
    for person in diary.rng.choices(_present(company), k=110):
        ending = Ending(EndReason.REVOKED_BY_USER, person.user)
        at = _some_moment(diary, person)
        diary.ended_together(person, _home(diary, person), diary.rng.randint(1, 3), at, ending)


def _clear_up(company: Company) -> None:
    """Administrators and the operator log people out, and mostly say why."""
    diary, cast = company.diary, company.cast
    enders = {"acme": ("admin", "owner"), "globex": ("outsider",)}
    for slug, names in enders.items():
        others = [person for person in _present(company, slug) if person in company.crowd]
        for person in diary.rng.choices(others, k=30 if slug == "acme" else 9):
            actor, at = cast[diary.rng.choice(names)].user, _some_moment(diary, person)
            ending = Ending(EndReason.REVOKED_BY_ADMIN, actor, diary.rng.choice(ADMIN_NOTES))
            count = diary.rng.randint(1, 4)
            diary.ended_together(person, company.tenants[slug], count, at, ending)
            proof = at - timedelta(seconds=diary.rng.randrange(20, 500))
            diary.event(
                AuditAction.SESSION_STEPPED_UP, proof, actor_id=actor.pk, user_id=actor.pk,
                tenant_id=company.tenants[slug].pk,
            )  # fmt: skip
    for note in OPERATOR_NOTES:
        at = at_work(diary.now - timedelta(days=diary.rng.uniform(15, 80)))
        for person in diary.rng.sample(_present(company, "acme"), 7):
            ending = Ending(EndReason.REVOKED_BY_OPERATOR, cast["operator"].user, note)
            diary.ended_together(person, company.tenants["acme"], 1, at, ending)


def _switch_tenants(company: Company) -> None:
    """The contractor works for both."""
    person, diary = company.cast["contractor"], company.diary
    ending = Ending(EndReason.TENANT_SWITCHED, person.user)
    wanted = len(diary.sessions) + 24
    while len(diary.sessions) < wanted:
        diary.ended_alone(person, diary.rng.choice(person.tenants), ending)


def _fill_the_day(company: Company) -> None:
    """Who was here in the last hours and has left: the curve of the day rises and falls."""
    diary = company.diary
    quiet = INTRUDED | {person.user.email for person in company.cast.values()}
    people = [person for person in _present(company) if person.user.email not in quiet]
    for person in diary.rng.choices(people, k=LEFT_TODAY):
        began = _a_moment_today(diary, person)
        most = (diary.now - began) * 0.95
        ended = began + min(timedelta(hours=diary.rng.triangular(0.3, 9.5, 4)), most)
        device = diary.rng.choice(person.devices)
        last_seen = ended - (ended - began) * diary.rng.uniform(0, 0.05)
        ending = Ending(EndReason.LOGGED_OUT, person.user)
        diary.ended_on(person, _home(diary, person), device, (began, last_seen, ended), ending)


def _a_moment_today(diary: Diary, person: Person) -> datetime:
    """Of the last 24 hours, when they are awake."""
    while True:
        moment = person.working_moment(diary.rng.choice((0, 1)), diary.now, diary.rng)
        if diary.now - timedelta(hours=24) < moment < diary.now - timedelta(minutes=5):
            return moment


def _pass_the_days(company: Company) -> None:
    """All that is missing: people come and go."""
    diary = company.diary
    people, reasons = company.everybody, list(ALONE)
    habits = [person.activity for person in people]
    while len(diary.sessions) < LIVE + ENDED:
        (person,) = diary.rng.choices(people, habits)
        (reason,) = diary.rng.choices(reasons, list(ALONE.values()))
        ending = Ending(reason, person.user if reason in BY_THEMSELVES else None)
        diary.ended_alone(person, diary.rng.choice(person.tenants), ending)


def _present(company: Company, slug: str | None = None) -> list[Person]:
    """Those who were there all the time."""
    people = company.of(slug) if slug else company.everybody
    return [person for person in people if person.until is None]


def _home(diary: Diary, person: Person) -> Tenant | None:
    return diary.rng.choice(person.tenants)


def _some_moment(diary: Diary, person: Person) -> datetime:
    return person.working_moment(diary.rng.uniform(1, DAYS - 20), diary.now, diary.rng)
