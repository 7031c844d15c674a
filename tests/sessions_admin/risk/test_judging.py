"""The detectors together: what is off is not asked, and nothing is said twice."""

from dataclasses import replace

import pytest

from sessions_admin.risk.facts import History
from sessions_admin.risk.judging import DETECTORS, judge
from sessions_admin.risk.rules import PAIRS, STRENGTH, Rules, doomed, responses_to
from sessions_admin.vocabulary import Detector, Novelty, Response
from tests.sessions_admin.risk.sightings import NEW, OLD, at, moves, signs_in

KNOWN = History(
    signed_in_before=True, has_devices=True, device_known=True, countries=frozenset({"TH"}),
    others=(at("Bangkok", 4, session=OLD),),
)  # fmt: skip
TRAVEL, APART = Detector.IMPOSSIBLE_TRAVEL, Detector.FAR_APART


def detectors(judgement):
    return [finding.detector for finding in judgement.findings]


def test_every_detector_has_its_function():
    assert list(DETECTORS) == list(Detector)


def test_impossible_travel_is_not_said_twice():
    assert detectors(judge(signs_in("London"), KNOWN, Rules())) == [TRAVEL, Detector.NEW_COUNTRY]


@pytest.mark.parametrize(
    ("travel", "apart", "said"),
    [
        (Response.RECORD, Response.RECORD, TRAVEL), (Response.OFF, Response.RECORD, APART),
        (Response.RECORD, Response.END_NEW, APART), (Response.END_NEW, Response.NOTIFY, TRAVEL),
        (Response.STEP_UP, Response.OFF, TRAVEL), (Response.NOTIFY, Response.STEP_UP, APART),
    ],
)  # fmt: skip
def test_the_stronger_response_stays(travel, apart, said):
    rules = Rules({TRAVEL: travel, APART: apart, Detector.NEW_COUNTRY: Response.OFF})
    assert detectors(judge(signs_in("London"), KNOWN, rules)) == [said]


def test_of_two_pairs_both_are_said():
    history = replace(
        KNOWN, others=(at("Bangkok", 59, session=OLD), at("Marseille", 0, session=OLD))
    )
    others = {finding.evidence["from"]["city"] for finding in judge(
        signs_in("Bangkok"), history, Rules()).findings}  # fmt: skip
    assert "Marseille" in others


@pytest.mark.parametrize("detector", Detector)
def test_off_is_not_asked(detector):
    rules = Rules(dict.fromkeys(Detector, Response.OFF) | {detector: Response.OFF})
    assert judge(signs_in("London"), KNOWN, rules).findings == ()


def test_novelty_is_a_fact_whatever_the_rules():
    rules = Rules(dict.fromkeys(Detector, Response.OFF))
    assert judge(signs_in("London"), KNOWN, rules).novelty == {Novelty.COUNTRY}
    assert judge(moves(at("Bangkok", 5), at("London")), KNOWN, rules).novelty == frozenset()


def test_an_unnamed_detector_is_recorded():
    assert {Rules().response(one) for one in Detector} == {Response.RECORD}
    assert Rules().report_only


@pytest.mark.parametrize(
    ("response", "other", "ended"),
    [
        (Response.RECORD, OLD, set()), (Response.NOTIFY, OLD, set()), (Response.OFF, OLD, set()),
        (Response.STEP_UP, OLD, set()), (Response.END_NEW, OLD, {NEW}),
        (Response.END_OLD, OLD, {OLD}), (Response.END_BOTH, OLD, {OLD, NEW}),
        (Response.END_NEW, None, {NEW}), (Response.END_OLD, None, {NEW}),
        (Response.END_BOTH, None, {NEW}),
    ],
)  # fmt: skip
def test_who_ends(response, other, ended):
    assert doomed(response, NEW, other) == ended


def test_only_a_pair_has_an_old_one():
    for detector in Detector:
        assert (Response.END_OLD in responses_to(detector)) == (detector in PAIRS)
    assert sorted(Response, key=STRENGTH.__getitem__) == list(Response)
