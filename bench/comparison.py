"""The run: the tables one after the other, and the verdict.

A tax is the CPU time of this process per request above that of a bare view without sessions.
Django's sessions track nothing; ours know where and when each was last used.
"""

import os
import platform
import time

import django
import psycopg
from django.core.management import call_command
from django.db import connection
from django.test import override_settings

from bench import bulk, meter, people, report, served
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


def run(rounds: int, *, judged: bool) -> int:
    """Prints everything; 1 when the target is missed or a request takes more than its SELECT."""
    started = time.monotonic()
    print(_surroundings())
    # A fault of what is measured must stop the run, not become a quick page about an error.
    with override_settings(ROOT_URLCONF="bench.pages", DEBUG_PROPAGATE_EXCEPTIONS=True):
        call_command("migrate", verbosity=0)
        create_table()
        cast = people.make_people(SIZES)
        ratio, statements = _requests(cast, rounds)
        _sign_ins(cast, max(1, rounds // 3))
        _bulk(cast)
        speeds = _served(cast)
    print(f"\n{time.monotonic() - started:.0f} seconds.")
    return _verdict(ratio, statements, speeds) if judged else 0


def _surroundings() -> str:
    connection.ensure_connection()
    version = ".".join(map(str, connection.get_database_version()))
    return (
        f"Python {platform.python_version()}, Django {django.__version__}, "
        f"psycopg {psycopg.__version__}, {connection.display_name} {version}, "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
    )


def _requests(cast: People, rounds: int) -> tuple[float, list[str]]:
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
    return taxes[1].ratio, meter.statements(ours)


def _sign_ins(cast: People, rounds: int) -> None:
    bare, user = bare_stack("bare"), cast.newcomer
    layers = [
        sign_in_of(django_stack("Django", user), user),
        sign_in_of(our_stack("Latchkey: limit, history, audit", user), user),
    ]
    print(f"\nA sign-in without hashing the password ({rounds} rounds of {SIGN_INS})\n")
    taxes = meter.measure(bare, layers, rounds=rounds, requests=SIGN_INS)
    print(report.taxes(bare, layers, taxes))


def _bulk(cast: People) -> None:
    print(f"\nAmong {sum(SIZES):,} sessions, milliseconds; ours for somebody who has so many\n")
    print(report.times([f"{size:,}" for size in SIZES], bulk.measure(cast)))


def _served(cast: People) -> list[served.Speed]:
    print(
        f"\nThrough a server: one worker, {served.CONNECTIONS} connections, while sessions are "
        f"ended ({served.ROUNDS} rounds of {served.SECONDS:.0f} s, medians)\n"
    )
    speeds = served.measure(cast)
    print(report.speeds(speeds))
    return speeds


def _verdict(ratio: float, statements: list[str], speeds: list[served.Speed]) -> int:
    # By CPU: requests a second also tell what else the machine does, the load itself included.
    *gates, introspection = speeds[1:]
    slowest = min(speed.thrift for speed in gates)
    print(
        f"\n{'PASS' if slowest >= SERVED_TARGET else 'FAIL'}: a worker's CPU answers {slowest:.1f} "
        f"times as many forward-auth requests as Django's view does (at least {SERVED_TARGET})."
    )
    passed = ratio <= TARGET and statements == ["SELECT"]
    print(
        f"{'PASS' if passed else 'FAIL'}: a tracked request costs {ratio:.2f} of Django's "
        f"untracked one (at most {TARGET}) and {report.statement_words(statements)}."
    )
    asked = introspection.thrift >= INTROSPECTION_TARGET
    print(
        f"{'PASS' if asked else 'FAIL'}: and {introspection.thrift:.1f} times as many "
        f"introspections (at least {INTROSPECTION_TARGET})."
    )
    return 0 if passed and asked and slowest >= SERVED_TARGET else 1
