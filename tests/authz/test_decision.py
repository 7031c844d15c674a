"""Who may pass, as a table, and that no gap in what is known opens anything."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_admin.authz.decision import (
    Answer,
    Asked,
    Rules,
    Visitor,
    Why,
    before_asking_who,
    decide,
)
from sessions_admin.authz.target import Target

ACME, GLOBEX = UUID(int=1), UUID(int=2)
STAFF, GUESTS = 10, 11
TARGET = Target("https", "wiki.example", "/page")


def rules(**values):
    defaults = {
        "id": UUID(int=9), "name": "Wiki", "host": "wiki.example", "tenants": frozenset({ACME}),
        "groups": frozenset(), "minimum_aal": 1, "public_paths": (),
    }  # fmt: skip
    return Rules(**{**defaults, **values})


def visitor(**values):
    return Visitor(**{"tenant": ACME, "groups": frozenset({STAFF}), "aal": 1, **values})


@pytest.mark.parametrize(
    ("rule", "who", "method", "answer", "why"),
    [
        ({}, {}, "GET", Answer.ALLOW, Why.ADMITTED),
        ({}, {}, "DELETE", Answer.ALLOW, Why.ADMITTED),
        ({}, None, "GET", Answer.SIGN_IN, Why.NOT_SIGNED_IN),
        ({}, {"suspected": True}, "GET", Answer.SIGN_IN, Why.SUSPECTED),
        ({}, {"tenant": None}, "GET", Answer.FORBIDDEN, Why.NO_TENANT),
        ({}, {"tenant": GLOBEX}, "GET", Answer.FORBIDDEN, Why.OTHER_TENANT),
        ({"tenants": frozenset()}, {}, "GET", Answer.FORBIDDEN, Why.OTHER_TENANT),
        ({"tenants": frozenset()}, {"tenant": None}, "GET", Answer.FORBIDDEN, Why.NO_TENANT),
        ({"groups": frozenset({STAFF})}, {}, "GET", Answer.ALLOW, Why.ADMITTED),
        ({"groups": frozenset({GUESTS})}, {}, "GET", Answer.FORBIDDEN, Why.OTHER_GROUP),
        ({"groups": frozenset({STAFF})}, {"groups": frozenset()}, "GET", Answer.FORBIDDEN,
         Why.OTHER_GROUP),
        ({"minimum_aal": 2}, {}, "GET", Answer.FORBIDDEN, Why.WEAK_SIGN_IN),
        ({"minimum_aal": 2}, {"aal": 2}, "GET", Answer.ALLOW, Why.ADMITTED),
        ({}, {"aal": 0}, "GET", Answer.FORBIDDEN, Why.WEAK_SIGN_IN),
        ({}, {"read_only": True}, "GET", Answer.ALLOW, Why.ADMITTED),
        ({}, {"read_only": True}, "OPTIONS", Answer.ALLOW, Why.ADMITTED),
        ({}, {"read_only": True}, "POST", Answer.FORBIDDEN, Why.READ_ONLY),
        ({}, {"read_only": True}, "PROPFIND", Answer.FORBIDDEN, Why.READ_ONLY),
    ],
)  # fmt: skip
def test_who_may_pass(rule, who, method, answer, why):
    decision = decide(rules(**rule), method, None if who is None else visitor(**who))
    assert (decision.answer, decision.why) == (answer, why)


@pytest.mark.parametrize(
    ("rule", "path", "ip_known", "expected"),
    [
        (None, "/page", True, Why.UNKNOWN_APPLICATION),
        (None, "/health", True, Why.UNKNOWN_APPLICATION),
        ({}, "/page", False, Why.UNKNOWN_ADDRESS),
        ({"public_paths": ("/health",)}, "/health", False, Why.UNKNOWN_ADDRESS),
        ({"public_paths": ("/health",)}, "/health", True, Why.PUBLIC),
        ({"public_paths": ("/health",)}, "/page", True, None),
        ({}, "/page", True, None),
    ],
)
def test_what_is_decided_whoever_it_is(rule, path, ip_known, expected):
    asked = Asked("GET", Target("https", "wiki.example", path), ip_known)
    decision = before_asking_who(None if rule is None else rules(**rule), asked)
    assert (decision.why if decision else None) == expected


@given(
    tenants=st.frozensets(st.sampled_from([ACME, GLOBEX])),
    groups=st.frozensets(st.sampled_from([STAFF, GUESTS])),
    minimum=st.sampled_from([1, 2]),
    tenant=st.sampled_from([None, ACME, GLOBEX]),
    held=st.frozensets(st.sampled_from([STAFF, GUESTS])),
    aal=st.sampled_from([0, 1, 2]),
    suspected=st.booleans(),
    read_only=st.booleans(),
    method=st.sampled_from(["GET", "POST"]),
)
def test_allowed_means_that_every_rule_holds(
    tenants, groups, minimum, tenant, held, aal, suspected, read_only, method
):
    who = Visitor(tenant, held, aal, suspected, read_only)
    decision = decide(rules(tenants=tenants, groups=groups, minimum_aal=minimum), method, who)
    assert (decision.answer is Answer.ALLOW) == (
        tenant in tenants
        and (not groups or bool(groups & held))
        and aal >= minimum
        and not suspected
        and not (read_only and method == "POST")
    )
