"""The only verbs that change sessions."""

from sessions_admin.lifecycle.birth import create_session, start_session
from sessions_admin.lifecycle.deciding import (
    RulesChange,
    change_risk_rules,
    decide,
    ensure_rules,
    settle,
    trust_network,
)
from sessions_admin.lifecycle.devices import disown, forget_device
from sessions_admin.lifecycle.ending import (
    EndedSession,
    end_everything,
    end_overdue,
    end_sessions,
    expire,
    is_over,
)
from sessions_admin.lifecycle.mass_ending import begin_mass_ending, carry_on_unfinished
from sessions_admin.lifecycle.planned_change import (
    apply_due_plans,
    apply_plan,
    cancel_plan,
    plan_change,
)
from sessions_admin.lifecycle.policy_change import PolicyChange, change_policy
from sessions_admin.lifecycle.presence import clear_suspicion, rename, rotate, save, see
from sessions_admin.lifecycle.switching import enter_tenant

__all__ = [
    "EndedSession",
    "PolicyChange",
    "apply_due_plans",
    "apply_plan",
    "begin_mass_ending",
    "cancel_plan",
    "carry_on_unfinished",
    "RulesChange",
    "change_policy",
    "change_risk_rules",
    "clear_suspicion",
    "create_session",
    "decide",
    "disown",
    "end_everything",
    "end_overdue",
    "end_sessions",
    "ensure_rules",
    "enter_tenant",
    "expire",
    "is_over",
    "plan_change",
    "forget_device",
    "rename",
    "rotate",
    "save",
    "see",
    "settle",
    "start_session",
    "trust_network",
]
