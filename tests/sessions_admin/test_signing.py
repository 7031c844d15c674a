"""Tokens that the portal signs: what passes, and every way to bend one (RFC 8725, ASVS V9)."""

import base64
import hmac
import json
import threading
import time
from datetime import timedelta

import jwt
import pytest
import time_machine
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from sessions_admin.models import SigningKey
from sessions_admin.tokens import signing_keys
from sessions_admin.tokens.signing import LEEWAY_SECONDS, jwks, sign, verify
from sessions_admin.tokens.signing_keys import PUBLISHED_AFTER, PUBLISHED_BEFORE, SIGNS_FOR, rotate

TYP = "at+jwt"
HERE = "https://api.example.test"
ISSUER = "https://latchkey.example.test"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _issuer(settings):
    settings.PUBLIC_URL = ISSUER


def claims(**changed):
    return {"aud": HERE, "exp": int(time.time()) + 300, "sub": "somebody"} | changed


def key():
    return signing_keys.signing_keyring().signer


def encoded(payload=None, *, algorithm="ES256", signed_with=None, **header):
    """A token as an attacker, or a part of the portal that is wrong, would make it."""
    now = int(time.time())
    body = {"iss": ISSUER, "iat": now, "jti": "1"} | claims() | (payload or {})
    body = {name: value for name, value in body.items() if value is not None}
    headers = {"typ": TYP, "kid": key().kid} | header
    return jwt.encode(
        body, signed_with if signed_with is not None else key().private_key, algorithm=algorithm,
        headers={name: value for name, value in headers.items() if value is not None},
    )  # fmt: skip


def handmade(header, payload, signature=b""):
    parts = [json.dumps(part).encode() for part in (header, payload)]
    return ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in [*parts, signature]
    )


def hs256_with_the_public_key():
    """By hand: a library that is in order refuses to make it."""
    public = key().private_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )  # fmt: skip
    header = {"alg": "HS256", "typ": TYP, "kid": key().kid}
    body = claims(iss=ISSUER, iat=int(time.time()), jti="1")
    signed = handmade(header, body).removesuffix(".")
    return handmade(header, body, hmac.digest(public, signed.encode(), "sha256"))


def with_a_key_of_its_own(header):
    stranger = ec.generate_private_key(ec.SECP256R1())
    return encoded(signed_with=stranger, **header(stranger))


def own_jwk(stranger):
    return {"jwk": json.loads(jwt.algorithms.ECAlgorithm.to_jwk(stranger.public_key()))}


def without_signature():
    return handmade(
        {"alg": "none", "typ": TYP, "kid": key().kid}, claims(iss=ISSUER, iat=0, jti="1")
    )


def flipped(part):
    def flip():
        pieces = encoded().split(".")
        raw = bytearray(base64.urlsafe_b64decode(pieces[part] + "=="))
        raw[len(raw) // 2] ^= 1
        pieces[part] = base64.urlsafe_b64encode(bytes(raw)).rstrip(b"=").decode()
        return ".".join(pieces)

    return flip


MUTATIONS = {
    "nothing": lambda: "",
    "no token": lambda: "not.a.token",
    "two parts": lambda: encoded().rpartition(".")[0],
    "no signature": without_signature,
    "alg None": lambda: handmade({"alg": "None", "typ": TYP, "kid": key().kid}, claims()),
    "HS256 with the public key": hs256_with_the_public_key,
    "ES384": lambda: encoded(
        algorithm="ES384", signed_with=ec.generate_private_key(ec.SECP384R1())
    ),
    "somebody's key under our kid": lambda: with_a_key_of_its_own(lambda _: {}),
    "a key in the header": lambda: with_a_key_of_its_own(own_jwk),
    "a key elsewhere": lambda: with_a_key_of_its_own(
        lambda _: {"jku": "https://evil.test/jwks.json", "kid": "theirs"}
    ),
    "unknown kid": lambda: encoded(kid="00000000-0000-0000-0000-000000000000"),
    "kid is no text": lambda: handmade({"alg": "ES256", "typ": TYP, "kid": 1}, claims()),
    "no kid": lambda: encoded(kid=None),
    "type JWT": lambda: encoded(typ="JWT"),
    "no type": lambda: encoded(typ=None),
    "type of a logout token": lambda: encoded(typ="logout+jwt"),
    "type in capitals": lambda: encoded(typ="AT+JWT"),
    "other audience": lambda: encoded({"aud": "https://other.example.test"}),
    "ours among several": lambda: encoded({"aud": [HERE, "https://other.example.test"]}),
    "no audience": lambda: encoded({"aud": None}),
    "other issuer": lambda: encoded({"iss": "https://evil.test"}),
    "issuer with a slash": lambda: encoded({"iss": ISSUER + "/"}),
    "no issuer": lambda: encoded({"iss": None}),
    "expired": lambda: encoded({"exp": int(time.time()) - LEEWAY_SECONDS - 1}),
    "no expiry": lambda: encoded({"exp": None}),
    "expiry is no number": lambda: encoded({"exp": "tomorrow"}),
    "not yet": lambda: encoded({"nbf": int(time.time()) + LEEWAY_SECONDS + 2}),
    "from the future": lambda: encoded({"iat": int(time.time()) + LEEWAY_SECONDS + 2}),
    "no jti": lambda: encoded({"jti": None}),
    "a bit of the header": flipped(0),
    "a bit of the claims": flipped(1),
    "a bit of the signature": flipped(2),
    "too long": lambda: encoded({"padding": "x" * 5000}),
    "a critical header": lambda: encoded(crit=["b64"], b64=False),
}


@pytest.mark.parametrize("bend", MUTATIONS.values(), ids=MUTATIONS)
def test_a_bent_token_is_no_token(bend):
    token = bend()
    assert verify(token, typ=TYP, audience=HERE) is None


def test_the_unbent_one_passes():
    """What the table above bends would be taken."""
    assert verify(encoded(), typ=TYP, audience=HERE)["sub"] == "somebody"


def test_what_it_signs_it_verifies():
    found = verify(sign(claims(), typ=TYP), typ=TYP, audience=HERE)
    assert found["sub"] == "somebody"
    assert found["iss"] == ISSUER
    assert found["jti"]


def test_types_are_not_taken_for_each_other():
    kinds = ["at+jwt", "logout+jwt", "secevent+jwt", "latchkey-identity+jwt"]
    tokens = {typ: sign(claims(), typ=typ) for typ in kinds}
    taken = {(typ, as_typ) for typ, token in tokens.items() for as_typ in kinds
             if verify(token, typ=as_typ, audience=HERE)}  # fmt: skip
    assert taken == {(typ, typ) for typ in kinds}


def test_clocks_may_be_a_little_apart():
    edge = encoded({"exp": int(time.time()) - LEEWAY_SECONDS + 2})
    assert verify(edge, typ=TYP, audience=HERE)


@pytest.mark.parametrize("name", ["aud", "exp"])
def test_it_signs_nothing_without_bounds(name):
    bounds = claims()
    del bounds[name]
    with pytest.raises(ValueError, match=name):
        sign(bounds, typ=TYP)


def test_a_strangers_library_verifies_with_the_published_keys():
    token = sign(claims(), typ=TYP)
    published = jwt.PyJWKSet.from_dict(jwks())
    public = published[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, public, algorithms=["ES256"], audience=HERE)["sub"] == "somebody"


def test_no_private_part_is_published_or_readable_in_the_database():
    sign(claims(), typ=TYP)
    assert {tuple(sorted(one)) for one in jwks()["keys"]} == {
        ("alg", "crv", "kid", "kty", "use", "x", "y")
    }
    assert "PRIVATE" not in SigningKey.objects.get().private_key


def test_the_key_set_is_open_and_may_be_kept(client, django_assert_num_queries):
    sign(claims(), typ=TYP)
    with django_assert_num_queries(1):  # the keys: nobody's session is read
        answer = client.get("/.well-known/jwks.json")
    assert answer.json() == jwks()
    assert answer.headers["Content-Type"] == "application/jwk-set+json"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert not answer.cookies


# --- rotation --------------------------------------------------------------------------------


def test_the_next_key_is_published_before_it_signs():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = key().kid
        clock.shift(SIGNS_FOR - PUBLISHED_BEFORE - timedelta(days=1))
        assert not rotate()
        clock.shift(timedelta(days=1, seconds=1))
        assert rotate()
        assert not rotate()
        second = {one["kid"] for one in jwks()["keys"]} - {first}
        assert len(second) == 1
        assert key().kid == first
        clock.shift(PUBLISHED_BEFORE)
        assert {key().kid} == second


def test_a_token_outlives_the_time_its_key_signs():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = key().kid
        ends = SigningKey.objects.get(pk=first).signs_until
        rotate(ends - timedelta(hours=1))
        clock.move_to(ends - timedelta(seconds=1))
        token = sign(claims(exp=int(time.time()) + 3600), typ=TYP)
        assert jwt.get_unverified_header(token)["kid"] == first
        clock.move_to(ends + timedelta(minutes=59))
        assert key().kid != first
        assert verify(token, typ=TYP, audience=HERE)
        clock.move_to(ends + PUBLISHED_AFTER + timedelta(seconds=1))
        assert first not in {one["kid"] for one in jwks()["keys"]}


def test_keys_that_are_over_are_removed():
    first = key().kid
    rotate(timezone.now() + SIGNS_FOR + PUBLISHED_AFTER + timedelta(days=2))
    assert not SigningKey.objects.filter(pk=first).exists()
    assert SigningKey.objects.count() == 1


def test_a_portal_that_slept_makes_a_key_when_it_needs_one():
    with time_machine.travel(timezone.now(), tick=False) as clock:
        first = key().kid
        clock.shift(SIGNS_FOR * 2)
        assert key().kid != first


def test_a_leaked_key_is_withdrawn_with_its_tokens(capsys):
    token = sign(claims(), typ=TYP)
    call_command("rotate_keys", "--replace-all")
    assert "Withdrew 1" in capsys.readouterr().out
    assert verify(token, typ=TYP, audience=HERE) is None
    assert verify(sign(claims(), typ=TYP), typ=TYP, audience=HERE)


def test_the_command_says_what_it_did(capsys):
    call_command("rotate_keys")
    call_command("rotate_keys")
    assert capsys.readouterr().out.splitlines() == ["Made the next key.", "It is not time yet."]


def test_a_key_under_a_lost_secret_does_not_stop_the_portal(settings):
    first = key().kid
    settings.SECRET_KEY = "another-" + "x" * 60
    signing_keys.forget()
    token = sign(claims(), typ=TYP)
    assert jwt.get_unverified_header(token)["kid"] != first
    assert verify(token, typ=TYP, audience=HERE)
    assert SigningKey.objects.count() == 2


def test_it_remembers_the_keys_for_a_while(transactional_db, django_assert_num_queries):
    signing_keys.forget()
    token = sign(claims(), typ=TYP)
    with django_assert_num_queries(0):
        assert verify(token, typ=TYP, audience=HERE)
        sign(claims(), typ=TYP)
    signing_keys.forget()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_processes_that_start_together_make_one_key():
    signing_keys.forget()
    barrier = threading.Barrier(6)

    def start():
        barrier.wait()
        rotate()
        connection.close()

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SigningKey.objects.count() == 1
