"""What the upper layer must hear: access to a tenant was taken away, in this transaction."""

from django.dispatch import Signal

# membership, actor (None: the system), note. Suspended or about to be deleted.
membership_removed = Signal()

# tenant, actor (None: the system), note.
tenant_suspended = Signal()
