"""Telling people: what is written down in the moment of an event, to be shown and mailed later.

`notify` and its kin write rows in the caller's transaction; `outbox` mails them, `words` says what
they tell, `answers` is what the links in the mails lead to.
"""

from sessions_admin.notices.writing import notify, notify_all, retract, seen, tell_endings

__all__ = ["notify", "notify_all", "retract", "seen", "tell_endings"]
