"""The callable that the web server serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_wsgi_application()

from sessions_admin.authz.gate import Gate  # noqa: E402  its models need the apps to be there
from sessions_admin.tokens.introspection_gate import IntrospectionGate  # noqa: E402

application = Gate(IntrospectionGate(django_application))
