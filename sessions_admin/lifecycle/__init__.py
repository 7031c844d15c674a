"""The only verbs that change sessions."""

from sessions_admin.lifecycle.birth import create_session, start_session
from sessions_admin.lifecycle.ending import (
    EndedSession,
    end_everything,
    end_overdue,
    end_sessions,
    expire,
)
from sessions_admin.lifecycle.planned_change import (
    apply_due_plans,
    apply_plan,
    cancel_plan,
    plan_change,
)
from sessions_admin.lifecycle.policy_change import PolicyChange, change_policy
from sessions_admin.lifecycle.presence import rename, rotate, save, see
from sessions_admin.lifecycle.switching import enter_tenant

__all__ = [
    "EndedSession",
    "PolicyChange",
    "apply_due_plans",
    "apply_plan",
    "cancel_plan",
    "change_policy",
    "create_session",
    "end_everything",
    "end_overdue",
    "end_sessions",
    "enter_tenant",
    "expire",
    "plan_change",
    "rename",
    "rotate",
    "save",
    "see",
    "start_session",
]
