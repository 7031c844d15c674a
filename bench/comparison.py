"""The run: the tables one after the other, and the verdict.

A tax is the CPU time of this process per request above that of a bare view without sessions.
Django's sessions track nothing; ours know where and when each was last used.
"""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass

import django
import psycopg
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from bench import addresses, bulk, meter, pages, people, report, served, town
from bench.django_sessions import create_table
from bench.people import People
from bench.stacks import bare_stack, django_stack, our_stack, sign_in_of

# The whole layer costs at most a quarter of what Django's untracked sessions do.
TARGET = 0.25
# Forward-auth answers at least so many times the requests of Django's view.
SERVED_TARGET = 5.0
INTROSPECTION_TARGET = 3.0
REQUESTS, SIGN_INS = 100, 20  # a round
SIZES = (5, 1_000, 10_000)  # sessions of one person


@dataclass(frozen=True, slots=True)
class Verdict:
    passed: bool
    words: str


def run(parts: list[str], rounds: int, live: int, *, judged: bool) -> int:
    """Prints everything; 1 when a target is missed."""
    started = time.monotonic()
    print(_surroundings())
    call_command("migrate", verbosity=0)
    verdicts: list[Verdict] = []
    if set(parts) & set(PARTS):
        verdicts += _compare(parts, rounds)
    if "pages" in parts:
        verdicts.append(_pages(live))
    print(f"\n{time.monotonic() - started:.0f} seconds.\n")
    if not judged:
        return 0
    for verdict in verdicts:
        print(f"{'PASS' if verdict.passed else 'FAIL'}: {verdict.words}")
    return 0 if all(verdict.passed for verdict in verdicts) else 1


def _compare(parts: list[str], rounds: int) -> list[Verdict]:
    # A fault of what is measured must stop the run, not become a quick page about an error.
    with override_settings(ROOT_URLCONF="bench.urls", DEBUG_PROPAGATE_EXCEPTIONS=True):
        create_table()
        cast = people.make_people(SIZES)
        verdicts = (PARTS[part](cast, rounds) for part in PARTS if part in parts)
        return [verdict for some in verdicts for verdict in some]


def _surroundings() -> str:
    connection.ensure_connection()
    version = ".".join(map(str, connection.get_database_version()))
    return (
        f"Python {platform.python_version()}, Django {django.__version__}, "
        f"psycopg {psycopg.__version__}, {connection.display_name} {version}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )


def _requests(cast: People, rounds: int) -> list[Verdict]:
    djangos, ours = django_stack("Django", cast.asker), our_stack("Latchkey", cast.asker)
    layers = [
        djangos,
        ours,
        ours.at("Latchkey, and what one may do", "/tenant/"),
        djangos.at("Django, asked for nothing", "/bare/"),
        ours.at("Latchkey, asked for nothing", "/bare/"),
    ]
    bare = bare_stack("bare")
    print(f"\nA request of somebody signed in ({rounds} rounds of {REQUESTS}, medians)\n")
    taxes = meter.measure(bare, layers, rounds=rounds, requests=REQUESTS, between=people.stay_fresh)
    people.stay_fresh()
    print(report.taxes(bare, layers, taxes))
    ratio, statements = taxes[1].ratio, meter.statements(ours)
    words = (
        f"a tracked request costs {ratio:.2f} of Django's untracked one (at most {TARGET}) "
        f"and {report.statement_words(statements)}."
    )
    return [Verdict(ratio <= TARGET and statements == ["SELECT"], words)]


def _sign_ins(cast: People, rounds: int) -> list[Verdict]:
    bare, user, rounds = bare_stack("bare"), cast.newcomer, max(1, rounds // 3)
    layers = [
        sign_in_of(django_stack("Django", user), user),
        sign_in_of(our_stack("Latchkey: limit, history, audit", user), user),
    ]
    print(f"\nA sign-in without hashing the password ({rounds} rounds of {SIGN_INS})\n")
    taxes = meter.measure(bare, layers, rounds=rounds, requests=SIGN_INS)
    print(report.taxes(bare, layers, taxes))
    return []


def _endings(cast: People, _rounds: int) -> list[Verdict]:
    print(f"\nAmong {sum(SIZES):,} sessions, milliseconds; ours for somebody who has so many\n")
    print(report.times([f"{size:,}" for size in SIZES], bulk.measure(cast)))
    return []


def _served(cast: People, _rounds: int) -> list[Verdict]:
    print(
        f"\nThrough a server: one worker, {served.CONNECTIONS} connections, while sessions are "
        f"ended ({served.ROUNDS} rounds of {served.SECONDS:.0f} s, medians)\n"
    )
    speeds = served.measure(cast)
    print(report.speeds(speeds))
    # By CPU: requests a second also tell what else the machine does, the load itself included.
    *gates, introspection = speeds[1:]
    slowest = min(speed.thrift for speed in gates)
    return [
        Verdict(
            slowest >= SERVED_TARGET,
            f"a worker's CPU answers {slowest:.1f} times as many forward-auth requests as "
            f"Django's view does (at least {SERVED_TARGET}).",
        ),
        Verdict(
            introspection.thrift >= INTROSPECTION_TARGET,
            f"and {introspection.thrift:.1f} times as many introspections "
            f"(at least {INTROSPECTION_TARGET}).",
        ),
    ]


def _pages(live: int) -> Verdict:
    if connection.vendor != "postgresql":
        return Verdict(passed=True, words="pages are measured on PostgreSQL only.")
    size, started = town.Size(live=live), time.monotonic()
    made = town.build(size)
    print(
        f"\nPages of a tenant of {size.people:,} people, {size.live:,} live sessions and "
        f"{size.of_one:,} of one person, {size.ended:,} that ended "
        f"(made in {time.monotonic() - started:.0f} s)\n"
    )
    timings = pages.measure(made)
    print(report.pages(timings))
    slow = sum(not timing.is_good for timing in timings)
    quick = sum(timing.cpu < addresses.LIMIT for timing in timings)
    return Verdict(
        not slow,
        f"{len(timings) - slow} of {len(timings)} pages stay within their statements and limits: "
        f"{quick} below {addresses.LIMIT} ms of a server's CPU; at most {addresses.EVERYTHING} for "
        f"what looks at everything, {addresses.FILE} for a file, {addresses.TRIAL:,} for a trial.",
    )


PARTS: dict[str, Callable[[People, int], list[Verdict]]] = {
    "requests": _requests, "sign-ins": _sign_ins, "endings": _endings, "served": _served,
}  # fmt: skip
