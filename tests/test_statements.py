"""The statements that each page takes, held to the one table of them: bench/addresses.py."""

from datetime import timedelta

import pytest

from bench.pages import asked, count_statements
from bench.town import Town
from sessions_admin.models import Risk
from sessions_admin.vocabulary import Detector, Response
from tests.crowd import crowd
from tests.holdings import hold

# Django's own handler closes connections between requests; a transaction would not outlive it.
pytestmark = pytest.mark.django_db(transaction=True)


def test_no_page_takes_more_than_its_statements(cast):
    town = _small_town(cast)

    requests = asked(town)
    requests[-1][1]()  # the first call with a key is noted in the key
    taken = [(page, *count_statements(ask)) for page, ask in requests]

    assert [(page.path, status) for page, status, _ in taken if status != 200] == []
    over = {page.path: count for page, _, count in taken if count > page.statements}
    assert over == {}


def _small_town(cast) -> Town:
    """More people and sessions than a page shows."""
    people = crowd(cast.acme, 60, attempts=1)
    for number in range(60):
        hold(cast.member, cast.acme, idle=timedelta(minutes=number))
    session = hold(people[0], cast.acme)
    Risk.objects.create(
        detector=Detector.NEW_DEVICE, tenant=cast.acme, user=people[0], session=session,
        response=Response.RECORD, evidence={"occasion": "sign_in", "now": {}},
    )  # fmt: skip
    return Town(cast.acme, cast.owner, cast.member, people[0], cast.operator)
