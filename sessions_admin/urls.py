"""Pages are nouns, actions are POSTs on them."""

from django.urls import path

from sessions_admin.views import (
    api_keys,
    at_the_limit,
    exports,
    live,
    my_sessions,
    right_now,
    risks,
    session_settings,
    signed_out,
    users,
    well_known,
)

urlpatterns = [
    path(".well-known/jwks.json", well_known.keys, name="jwks"),
    path("sessions/", my_sessions.my_sessions, name="my-sessions"),
    path("sessions/end/", my_sessions.end_selected, name="end-selected-sessions"),
    path("sessions/end-others/", my_sessions.end_others, name="end-other-sessions"),
    path("sessions/end-all/", my_sessions.end_all, name="end-all-sessions"),
    path("sessions/export.csv", exports.my_sessions, name="export-my-sessions"),
    path("sessions/<uuid:session_id>/end/", my_sessions.end, name="end-session"),
    path("sessions/<uuid:session_id>/rename/", my_sessions.rename, name="rename-session"),
    path("live/", live.live, name="live"),
    path("live/stay/", live.stay, name="stay"),
    path("signed-out/", signed_out.signed_out, name="signed-out"),
    path("accounts/refused/", at_the_limit.refused, name="sign-in-refused"),
    path("accounts/limit/", at_the_limit.choose, name="session-limit"),
    path("users/", users.users, name="users"),
    path("users/end-sessions/", users.end_sessions_of_many, name="end-sessions-of-many"),
    path("users/right-now/", right_now.right_now, name="right-now"),
    path("users/export.csv", exports.users, name="export-users"),
    path("users/<uuid:user_id>/", users.user, name="user"),
    path("users/<uuid:user_id>/end-sessions/", users.end_sessions_of, name="end-sessions-of"),
    path("users/<uuid:user_id>/disable/", users.disable, name="disable-user"),
    path("users/<uuid:user_id>/enable/", users.enable, name="enable-user"),
    path("risks/", risks.risks, name="risks"),
    path("risks/<uuid:risk_id>/", risks.risk, name="risk"),
    path("settings/sessions/", session_settings.session_settings, name="session-settings"),
    path("settings/sessions/preview/", session_settings.preview, name="preview-session-settings"),
    path(
        "settings/sessions/<uuid:event_id>/restore/",
        session_settings.restore,
        name="restore-session-settings",
    ),
    path("settings/api-keys/", api_keys.api_keys, name="api-keys"),
    path("settings/api-keys/<uuid:key_id>/rotate/", api_keys.rotate, name="rotate-api-key"),
    path("settings/api-keys/<uuid:key_id>/revoke/", api_keys.revoke, name="revoke-api-key"),
]
