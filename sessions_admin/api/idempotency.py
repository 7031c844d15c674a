"""Idempotency-Key for POST (draft-ietf-httpapi-idempotency-key-header-07): a call that is repeated
has its effect once, and the same answer again.

The answer is kept in the transaction of the effect: whatever crashes, there are both or neither.
Only success is kept; a call that changed nothing may be tried again under the same key.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from sessions_admin.api.problems import IN_FLIGHT, KEY_REUSED, ProblemError, invalid
from sessions_admin.lifecycle.retention import ANSWERS_KEPT
from sessions_admin.models import IdempotentCall

HEADER = "Idempotency-Key"
LONGEST_KEY = 128  # a UUID has 36
# A call that takes longer has died with its process: its key is free again.
DEAD_AFTER = timedelta(minutes=2)


def once(request: HttpRequest, caller: str, call: Callable[[], HttpResponse]) -> HttpResponse:
    """The call's answer, now or as it was; without the header, or reading, simply the call's."""
    key = request.headers.get(HEADER)
    if request.method != "POST" or key is None:
        return call()
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise invalid(parameter=HEADER, detail=f"1 to {LONGEST_KEY} visible ASCII characters.")
    claim = _claim(caller, key, _fingerprint(request))
    if claim.status is not None:
        return _again(claim)
    try:
        return _first(claim, call)
    except BaseException:
        _free(claim)
        raise


def _fingerprint(request: HttpRequest) -> bytes:
    digest = sha256(f"{request.method} {request.get_full_path()}\n".encode())
    digest.update(request.body)
    return digest.digest()


def _claim(caller: str, key: str, fingerprint: bytes) -> IdempotentCall:
    """A row of our own, or that of the call whose answer there is."""
    claim = IdempotentCall(
        caller=caller, key=key, request_hash=fingerprint, at=timezone.now(), status=None
    )
    try:
        with transaction.atomic():
            claim.save(force_insert=True)
    except IntegrityError:
        return _taken_over(claim)
    return claim


def _taken_over(claim: IdempotentCall) -> IdempotentCall:
    found = IdempotentCall.objects.filter(caller=claim.caller, key=claim.key).first()
    if found is None:  # freed in this very moment
        raise ProblemError(IN_FLIGHT, headers={"Retry-After": "1"})
    lasts = DEAD_AFTER if found.status is None else ANSWERS_KEPT
    if found.at < claim.at - lasts:
        # Compare-and-set: of those who find it dead, one takes it.
        stale = IdempotentCall.objects.filter(pk=found.pk, at=found.at)
        fresh = {"at": claim.at, "request_hash": claim.request_hash, "status": None, "body": None}
        if stale.update(**fresh):
            claim.pk = found.pk
            return claim
        raise ProblemError(IN_FLIGHT, headers={"Retry-After": "1"})
    if bytes(found.request_hash) != claim.request_hash:
        raise ProblemError(KEY_REUSED)
    if found.status is None:
        raise ProblemError(IN_FLIGHT, headers={"Retry-After": "1"})
    return found


def _first(claim: IdempotentCall, call: Callable[[], HttpResponse]) -> HttpResponse:
    with transaction.atomic():
        response = call()
        if response.status_code >= 300:
            transaction.set_rollback(True)
        elif not _own(claim).update(
            status=response.status_code, body=response.content.decode()
        ):  # taken for dead and claimed by another: its effect stands, ours does not
            raise ProblemError(IN_FLIGHT, headers={"Retry-After": "1"})
    if response.status_code >= 300:
        _free(claim)
    return response


def _again(claim: IdempotentCall) -> HttpResponse:
    return HttpResponse(
        claim.body or "", status=claim.status, content_type="application/json; charset=utf-8",
        headers={"Idempotency-Replayed": "true"},
    )  # fmt: skip


def _own(claim: IdempotentCall) -> QuerySet[IdempotentCall]:
    return IdempotentCall.objects.filter(pk=claim.pk, at=claim.at, status=None)


def _free(claim: IdempotentCall) -> None:
    _own(claim).delete()
