"""The people of the tenant: the list, one of them, and what an administrator does to them."""

from sessions_admin.views.users.disabling import disable, enable
from sessions_admin.views.users.ending import end_sessions_of, end_sessions_of_many
from sessions_admin.views.users.ending_many import mass_ending
from sessions_admin.views.users.listing import users
from sessions_admin.views.users.person import user
from sessions_admin.views.users.supporting import copy_token, open_portal, session, stop_support

__all__ = [
    "copy_token",
    "disable",
    "enable",
    "end_sessions_of",
    "end_sessions_of_many",
    "mass_ending",
    "open_portal",
    "session",
    "stop_support",
    "user",
    "users",
]
