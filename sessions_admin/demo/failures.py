"""The sign-ins of the demo that went wrong: slips, guesses, and people who may not."""

from datetime import datetime, timedelta

from sessions_admin.demo.devices import GUESSING_AGENTS
from sessions_admin.demo.diary import DAYS, Diary
from sessions_admin.demo.people import Person
from sessions_admin.demo.places import DATA_CENTRES, hired_address
from sessions_admin.demo.rules import DENYING_DAYS_AGO
from sessions_admin.demo.scenes import Company
from sessions_admin.request.client import Client
from sessions_admin.vocabulary import LoginOutcome

SLIPS, WAVES, DENIALS = 230, 7, 12
GUESSES_A_WAVE = (14, 32)
# What is guessed: addresses that many companies have, and that these two do not.
UNKNOWN_ADDRESSES = (
    "admin@acme.example", "info@acme.test", "it@acme.test", "root@acme.test", "test@acme.test",
    "sales@globex.test", "support@globex.test", "office@globex.test", "billing@acme.test",
    "a.lee@acme.test", "ceo@globex.test", "postmaster@acme.test", "webmaster@globex.test",
)  # fmt: skip


def fail(company: Company) -> None:
    """Every failure, into the diary."""
    _mistype(company.diary)
    _guess(company)
    _come_back(company)
    _be_one_too_many(company)


def _mistype(diary: Diary) -> None:
    """Just before it worked, from the same place."""
    for success in diary.rng.sample(diary.attempts, SLIPS):
        at = success.at - timedelta(seconds=diary.rng.randrange(6, 50))
        client = Client(success.ip, success.user_agent)
        diary.attempt(at, client, LoginOutcome.FAILED, user=success.user)


def _guess(company: Company) -> None:
    """Machines try one password after the other, at addresses known and unknown."""
    diary, known = company.diary, [person.user for person in company.cast.values()]
    for _wave in range(WAVES):
        address = hired_address(diary.rng.choice(list(DATA_CENTRES)), diary.rng)
        client = Client(address, diary.rng.choice(GUESSING_AGENTS))
        at = diary.now - timedelta(days=diary.rng.uniform(0.2, DAYS))
        for _guess in range(diary.rng.randint(*GUESSES_A_WAVE)):
            at += timedelta(seconds=diary.rng.uniform(1, 25))
            user = diary.rng.choice(known) if diary.rng.random() < 0.3 else None
            email = "" if user else diary.rng.choice(UNKNOWN_ADDRESSES)
            diary.attempt(at, client, LoginOutcome.FAILED, user=user, email=email)


def _come_back(company: Company) -> None:
    """Those who were disabled try it again."""
    for person in company.everybody:
        if person.until is None or person.user.is_active:
            continue
        for hours in (0.2, 0.3, 7):
            at = person.until + timedelta(hours=hours)
            _knock(company.diary, person, at, LoginOutcome.FAILED)


def _be_one_too_many(company: Company) -> None:
    """While acme refused the eleventh sign-in."""
    diary = company.diary
    for person in diary.rng.choices(company.of("acme"), k=DENIALS):
        at = diary.now - timedelta(days=diary.rng.uniform(*DENYING_DAYS_AGO))
        _knock(diary, person, at, LoginOutcome.DENIED)


def _knock(diary: Diary, person: Person, at: datetime, outcome: LoginOutcome) -> None:
    client = person.client(diary.rng.choice(person.devices), at, diary.rng)
    diary.attempt(at, client, outcome, user=person.user)
