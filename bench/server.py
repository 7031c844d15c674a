"""The WSGI application that `bench.served` has served: our gate in front of Django's sessions.

One process answers both, so that whatever is measured meets the same server and machine.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.conf import settings  # noqa: E402  what follows needs the apps to be there

from bench.stacks import DJANGO, _application  # noqa: E402
from sessions_admin.authz.gate import Gate  # noqa: E402
from sessions_admin.tokens.introspection_gate import IntrospectionGate  # noqa: E402

settings.ROOT_URLCONF = "bench.urls"
settings.DEBUG_PROPAGATE_EXCEPTIONS = True

application = Gate(IntrospectionGate(_application(DJANGO, "bench.django_sessions")))
