"""What a tenant does about suspicious sessions, and what was found."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from sessions_admin.identifiers import uuid7
from sessions_admin.models.session import NOTE_LENGTH, Session
from sessions_admin.risk import networks
from sessions_admin.risk.networks import (
    NetworksError,
    parse_networks,
    readable_networks,
)
from sessions_admin.risk.rules import TOP_SPEED_KMH, Rules
from sessions_admin.vocabulary import Detector, Response, RiskState
from tenants.models import Tenant

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# What is wrong with a line of a list of networks.
PROBLEMS = {
    networks.NOT_A_NETWORK: _(
        "Line %(line)d: %(text)s is neither a network (192.0.2.0/24) nor an AS number (AS64500)."
    ),
    networks.NO_AS_NUMBERS: _(
        "Line %(line)d: %(text)s is an AS number; only networks can be listed here."
    ),
    networks.HOST_BITS: _(
        "Line %(line)d: %(text)s is an address within a network. Write the network, or the "
        "address alone."
    ),
    networks.TOO_WIDE: _(
        "Line %(line)d: %(text)s is too wide: at least /8 for IPv4 and /16 for IPv6."
    ),
    networks.TOO_MANY: _("Line %(line)d is one too many: a list has 200 lines at the most."),
}


def _response(label: _StrPromise) -> models.CharField[str, str]:
    choices = [(response, response) for response in Response]
    return models.CharField(
        verbose_name=label, max_length=8, default=Response.RECORD, choices=choices
    )


class RiskRules(models.Model):
    """What each detector leads to in a tenant, or on the platform (no tenant).

    One column a detector, named as it is. A new tenant starts with the platform's.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)  # as SessionPolicy
    tenant = models.OneToOneField(Tenant, models.CASCADE, null=True, editable=False)

    impossible_travel = _response(_("Impossible travel"))
    far_apart = _response(_("Used in far places at once"))
    new_device = _response(_("New device"))
    new_country = _response(_("New country"))
    agent_changed = _response(_("Browser changed inside a session"))
    network_jump = _response(_("Network changed inside a session"))
    guessed_password = _response(_("Sign-in after many failures"))
    dormant_return = _response(_("Back after a long time, from elsewhere"))

    # While on, nobody is logged out or asked: a finding says what would have happened.
    report_only = models.BooleanField(_("Report only"), default=True)
    top_speed_kmh = models.PositiveSmallIntegerField(
        _("Top speed"),
        default=TOP_SPEED_KMH,
        validators=[MinValueValidator(200), MaxValueValidator(10_000)],
    )
    # Nobody is told or asked twice for the same thing within this time.
    cool_down = models.DurationField(_("Cool-down"), default=timedelta(hours=24))
    trusted_networks = models.TextField(_("Trusted networks"), blank=True)  # CIDRs and AS numbers
    shared_addresses = models.TextField(_("Shared addresses"), blank=True)  # CIDRs

    class Meta:
        verbose_name = _("risk rules")
        verbose_name_plural = _("risk rules")

    def __str__(self) -> str:
        return str(self.tenant) if self.tenant else str(_("Platform"))

    def clean(self) -> None:
        """ValidationError by field, naming the line."""
        errors = {
            name: problem
            for name, with_asns in (("trusted_networks", True), ("shared_addresses", False))
            if (problem := _problem_of(getattr(self, name), with_asns=with_asns))
        }
        if errors:
            raise ValidationError(errors)

    def rules(self) -> Rules:
        """The pure rules."""
        return Rules(
            responses={detector: Response(getattr(self, detector)) for detector in Detector},
            report_only=self.report_only,
            top_speed_kmh=self.top_speed_kmh,
            cool_down=self.cool_down,
            trusted=readable_networks(self.trusted_networks),
            shared=readable_networks(self.shared_addresses, with_asns=False),
        )


def _problem_of(text: str, *, with_asns: bool) -> str:
    try:
        parse_networks(text, with_asns=with_asns)
    except NetworksError as error:
        return str(PROBLEMS[error.problem]) % {"line": error.line, "text": error.text}
    return ""


class Risk(models.Model):
    """A detector fired for a session: why, the evidence, what was done, and who judged it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    at = models.DateTimeField(_("time"), default=timezone.now)
    detector = models.CharField(max_length=20, choices=[(d, d) for d in Detector])
    tenant = models.ForeignKey(
        Tenant, models.CASCADE, null=True, db_index=False, related_name="+",
        verbose_name=_("tenant"),
    )  # fmt: skip
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, db_index=False, related_name="+"
    )
    session = models.ForeignKey(Session, models.SET_NULL, null=True, related_name="risks")
    other_session = models.ForeignKey(Session, models.SET_NULL, null=True, related_name="+")
    evidence = models.JSONField(default=dict)
    # What the rule asked for, and whether report_only held it back.
    response = models.CharField(max_length=8, choices=[(r, r) for r in Response])
    held_back = models.BooleanField(default=False)

    state = models.CharField(
        max_length=9, default=RiskState.OPEN, choices=[(s, s) for s in RiskState]
    )
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, db_index=False, related_name="+"
    )
    note = models.CharField(max_length=NOTE_LENGTH, blank=True)

    class Meta:
        verbose_name = _("risk")
        verbose_name_plural = _("risks")
        indexes = [
            models.Index(fields=["tenant", "id"], name="risk_by_tenant"),
            models.Index(
                fields=["tenant", "id"], name="open_risk_by_tenant",
                condition=Q(state=RiskState.OPEN),
            ),
            models.Index(fields=["user", "id"], name="risk_by_user"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.detector} {self.at:%Y-%m-%d %H:%M}"
