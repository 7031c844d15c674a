"""All settings, from the environment only. The table in README.md describes each variable."""

from datetime import timedelta
from pathlib import Path

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP
from django.utils.translation import gettext_lazy as _

from config.connections import cache, database, mailer
from config.env import boolean, choice, env, hosts, mirror, networks, origin, origins, secret

django_stubs_ext.monkeypatch()  # the type checker's ModelAdmin[User] at run time
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

# --- who is asking ---------------------------------------------------------------------------

DEBUG = boolean("DEBUG", default=False)
DEVELOPMENT_KEY = "insecure-key-for-development-only-not-for-production"
SECRET_KEY = secret("SECRET_KEY", DEVELOPMENT_KEY if DEBUG else "")
if not SECRET_KEY or (SECRET_KEY == DEVELOPMENT_KEY and not DEBUG):
    raise ImproperlyConfigured(
        "SECRET_KEY is missing. Set SECRET_KEY or SECRET_KEY_FILE to a long random value."
    )

# Former keys: what they signed and sealed still opens.
SECRET_KEY_FALLBACKS = secret("SECRET_KEY_FALLBACKS").replace(",", " ").split()

LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = hosts("ALLOWED_HOSTS") or LOOPBACK_HOSTS
CSRF_TRUSTED_ORIGINS = origins("CSRF_TRUSTED_ORIGINS")
TRUSTED_PROXIES = networks("TRUSTED_PROXIES")

# Plain http is for loopback only: everywhere else the cookie is Secure and __Host-.
PLAIN_HTTP = set(ALLOWED_HOSTS) <= {*LOOPBACK_HOSTS, "testserver"}
if DEBUG and not PLAIN_HTTP:
    raise ImproperlyConfigured("DEBUG shows secrets: it is for loopback hosts only.")

# Where people and programs reach the portal: the issuer of its tokens, the start of its links.
PUBLIC_HOST = ALLOWED_HOSTS[0].lstrip("*.") or "localhost"
PUBLIC_URL = origin(
    "PUBLIC_URL",
    f"http://127.0.0.1:{env.str('PORT', '8000')}" if PLAIN_HTTP else f"https://{PUBLIC_HOST}",
)

# Proxies that ask whether a request to an application may pass say this; empty: nobody may ask.
FORWARD_AUTH_SECRET = secret("FORWARD_AUTH_SECRET")
SHORTEST_SECRET = 32
if FORWARD_AUTH_SECRET and len(FORWARD_AUTH_SECRET) < SHORTEST_SECRET:
    raise ImproperlyConfigured(
        f"FORWARD_AUTH_SECRET is too short: use at least {SHORTEST_SECRET} random characters."
    )

# --- what runs -------------------------------------------------------------------------------

INSTALLED_APPS = [
    "accounts",
    "tenants",
    "sessions_admin",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.headless",
    "allauth.mfa",
    "django_htmx",
    "django_tasks_db",
]

MIDDLEWARE = [
    "sessions_admin.middleware.TrustedProxyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Random padding and masked CSRF tokens keep BREACH from reading what is compressed.
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "sessions_admin.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "sessions_admin.middleware.AuthenticationMiddleware",
    "sessions_admin.middleware.LoginRequiredMiddleware",
    "sessions_admin.middleware.SupportMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "sessions_admin.middleware.PersonMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.csp",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sessions_admin.navigation.navigation",
            ],
        },
    }
]

# --- where data lives ------------------------------------------------------------------------

DATABASE_URL = secret("DATABASE_URL", f"sqlite:///{VAR_DIR / 'latchkey.sqlite3'}")
if DATABASE_URL.startswith(f"sqlite:///{VAR_DIR}"):
    VAR_DIR.mkdir(exist_ok=True)
DATABASES = {"default": database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Only rate limits use the cache, so it must be one that all processes share.
CACHE_URL = secret("CACHE_URL")
CACHES = {"default": cache(CACHE_URL)}

TASKS_BACKEND = choice("TASKS_BACKEND", default="immediate", among=("immediate", "database"))
TASKS = {
    "default": {
        "BACKEND": {
            "immediate": "django.tasks.backends.immediate.ImmediateBackend",
            "database": "django_tasks_db.DatabaseBackend",
        }[TASKS_BACKEND]
    }
}

# --- sessions and sign-in --------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

SESSION_ENGINE = "sessions_admin.engine"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not PLAIN_HTTP
SESSION_COOKIE_NAME = "latchkey" if PLAIN_HTTP else "__Host-latchkey"
# On an application's own host: worth nothing anywhere else.
APPLICATION_COOKIE_NAME = "latchkey-app" if PLAIN_HTTP else "__Host-latchkey-app"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True  # unless the session is persistent (Remember me)
# The longest a browser keeps a cookie; only remembered sessions have one that long, and it never
# decides anything: the row does.
SESSION_COOKIE_AGE = int(timedelta(days=400).total_seconds())
# Recognises a browser at its next sign-in, and proves nothing (request.device_cookie). As
# long as browsers keep any cookie (RFC 6265bis §5.5); each sign-in renews it.
DEVICE_COOKIE_NAME = "latchkey-device" if PLAIN_HTTP else "__Host-latchkey-device"
DEVICE_COOKIE_AGE = int(timedelta(days=400).total_seconds())
CSRF_COOKIE_NAME = "latchkey-csrf" if PLAIN_HTTP else "__Host-latchkey-csrf"
CSRF_COOKIE_HTTPONLY = True
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/sessions/"

ACCOUNT_ADAPTER = "sessions_admin.sign_in.SignInAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_LOGOUT_REDIRECT_URL = "/signed-out/"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Latchkey] "
# allauth's own keeps a second list of addresses, with which one could sign in for ever after.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
PASSWORD_RESET_TIMEOUT = 3600  # a link in a mailbox opens the account; the mail says an hour
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_LOGIN_TIMEOUT = 900
# Attempts a period, by IP and by address typed, in the shared cache; other limits are allauth's.
ACCOUNT_RATE_LIMITS = {
    "login": "60/m/ip",
    "login_failed": "20/m/ip,10/5m/key",
    "passkey": "60/m/ip",  # each look at its page begins a visitor's session
    "answer_notice": "20/m/ip",  # the links in mails
}
ACCOUNT_FORMS = {
    "reset_password": "accounts.forms.ResetPasswordForm",
    "login": "accounts.forms.LoginForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "set_password": "accounts.forms.SetPasswordForm",
}
# Apps sign in through allauth's own flows; sessions and tokens are ours.
HEADLESS_CLIENTS = ("app",)
HEADLESS_ADAPTER = "sessions_admin.tokens.app_sign_in.AppAdapter"
HEADLESS_TOKEN_STRATEGY = "sessions_admin.tokens.app_sign_in.TokenStrategy"  # noqa: S105
MFA_FORMS = {
    "activate_totp": "accounts.forms.ActivateTOTPForm",
    "deactivate_totp": "accounts.forms.DeactivateTOTPForm",
    "add_webauthn": "accounts.forms.AddWebAuthnForm",
    "generate_recovery_codes": "accounts.forms.GenerateRecoveryCodesForm",
}
MFA_ADAPTER = "accounts.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Latchkey"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = PLAIN_HTTP

# --- what the browser may do -----------------------------------------------------------------

SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF, CSP.NONCE],
    "style-src": [CSP.SELF, CSP.NONCE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
    "base-uri": [CSP.NONE],
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = not PLAIN_HTTP
SECURE_HSTS_SECONDS = 0 if PLAIN_HTTP else int(timedelta(days=365).total_seconds())
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not PLAIN_HTTP
# Only a proxy that we trust may say that the browser came by https (sessions_admin.request.client).
# The API answers plain http with an error instead of a redirect (ASVS 4.1.2).
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^api/v1/"]
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
if PLAIN_HTTP:
    SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016"]

# --- files, mail, words, logs ----------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Written by `manage.py demo`, and used where no others are named.
DEMO_PLACES, DEMO_NETWORKS = VAR_DIR / "geo.mmdb", VAR_DIR / "asn.mmdb"
GEOIP_PATH = env.str("GEOIP_PATH", str(DEMO_PLACES) if DEMO_PLACES.exists() else "")
GEOIP_ASN_PATH = env.str(
    "GEOIP_ASN_PATH",
    str(DEMO_NETWORKS) if Path(GEOIP_PATH) == DEMO_PLACES and DEMO_NETWORKS.exists() else "",
)
# Where `manage.py update_geoip` downloads them.
GEOIP_SOURCE = choice("GEOIP_SOURCE", default="dbip", among=("dbip", "maxmind"))
GEOIP_MIRROR = mirror("GEOIP_MIRROR")
MAXMIND_ACCOUNT_ID = secret("MAXMIND_ACCOUNT_ID")
MAXMIND_LICENSE_KEY = secret("MAXMIND_LICENSE_KEY")
EMAIL_URL = secret("EMAIL_URL")
MAILERS = {"default": mailer(EMAIL_URL, VAR_DIR / "mail")}
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Latchkey <latchkey@localhost>")

USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", "UTC")
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]

LOG_FORMAT = choice("LOG_FORMAT", default="text", among=("text", "json"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "config.logs.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {"django": {"handlers": [], "level": "INFO", "propagate": True}},
}
