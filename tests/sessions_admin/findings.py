"""How tests of the doctor speak of what it found."""

from sessions_admin.diagnosis import Level

OK, WARNING, PROBLEM = Level.OK, Level.WARNING, Level.PROBLEM
# A host that people reach over https.
PUBLIC = {
    "ALLOWED_HOSTS": ["portal.example.com"],
    "SECURE_SSL_REDIRECT": True,
    "SECURE_HSTS_SECONDS": 31_536_000,
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_NAME": "__Host-latchkey",
    "CSRF_COOKIE_SECURE": True,
    "CSRF_COOKIE_NAME": "__Host-latchkey-csrf",
}


def change(settings, values):
    for name, value in values.items():
        setattr(settings, name, value)


def assert_found(finding, level, words):
    """The level, the words, and a way out exactly when something is wrong."""
    assert (finding.level, words in finding.message) == (level, True), finding
    assert bool(finding.fix) is (level != OK)
