"""What the upper layers must hear about a person: the two signals of our own."""

from django.dispatch import Signal

# user, request (None when nobody is at the keyboard), keep_others: the person chose to keep their
# other sessions, actor: the operator who did it (None: the person). Sent after a password or a
# factor was changed, added or removed.
credential_changed = Signal()

# user, actor (None: the system), note. Sent in the transaction that disables the person.
user_disabled = Signal()
