"""Whether programs that follow the audit log by the API can go on."""

from django.db import connection
from django.db.models import OuterRef, Subquery

from sessions_admin.diagnosis.finding import Finding, ok, problem
from sessions_admin.models import AuditEvent
from sessions_admin.written_order import ThisTransaction
from tenants.models import Tenant

REPAIR = "UPDATE sessions_admin_auditevent SET written_in = 0"


def events() -> Finding:
    """A dump that was restored into a new cluster brings numbers of transactions from the old one:
    its events would stay hidden until the new cluster has counted as far."""
    if connection.vendor != "postgresql":
        return ok("Events", "The feed of events is in order.")
    latest = AuditEvent.objects.filter(tenant=OuterRef("pk")).order_by("-written_in")
    stamps = Tenant.objects.annotate(stamp=Subquery(latest.values("written_in")[:1]))
    if stamps.filter(stamp__gt=ThisTransaction()).exists():
        return problem(
            "Events",
            "The audit log has numbers of another PostgreSQL cluster: its feed shows too little.",
            fix=f"After a restore, run once as the database's owner: {REPAIR};",
        )
    return ok("Events", "The feed of events is in order.")
