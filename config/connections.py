"""What the portal connects to, by URL: database, cache and mail server."""

from pathlib import Path
from typing import Any

from config.env import env, understanding

# How long a mail server may be silent: one that hangs must not hold a sender for ever.
MAIL_SECONDS = 15
DATABASE_ENGINES = {"django.db.backends.postgresql", "django.db.backends.sqlite3"}


def database(url: str) -> dict[str, Any]:
    """The connection for a DATABASE_URL, with what each database needs to be safe and fast."""
    with understanding("DATABASE_URL"):
        config: dict[str, Any] = env.db_url_config(url)
        if config["ENGINE"] not in DATABASE_ENGINES:
            raise ValueError("use postgres://… or sqlite:///…")
    options = config.setdefault("OPTIONS", {})
    if config["ENGINE"].endswith("sqlite3"):
        # IMMEDIATE: a transaction that will write waits for its turn instead of failing half-way.
        options |= {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                "PRAGMA mmap_size=134217728; PRAGMA journal_size_limit=27103364"
            ),
        }
    else:
        # Lets the lookup prepare its statement. ?prepare_threshold=off in the URL forbids it, for a
        # pooler between that gives each transaction another connection and knows no statements.
        pooled = options.get("prepare_threshold") == "off"
        options["prepare_threshold"] = None if pooled else 5
        if not pooled:  # which may refuse a connection that brings settings along
            # Compiling a statement takes PostgreSQL seconds here, and running none of ours does.
            options.setdefault("options", "-c jit=off")
    # Persistent connections: opening one costs SQLite 1 ms a request, and a pool 100 µs.
    # No health check: it is a SELECT a request; the lookup reconnects instead when it must.
    return config | {"CONN_MAX_AGE": 600}


def cache(url: str) -> dict[str, Any]:
    """The cache for a CACHE_URL; without one, a table that all processes share."""
    if url:
        with understanding("CACHE_URL"):
            config: dict[str, Any] = env.cache_url_config(url)
        return config
    return {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "rate_limits",
        # Django's 300 would let a flood of sign-ins push the counters of the others out.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }


def mailer(url: str, directory: Path) -> dict[str, Any]:
    """The mailer for an EMAIL_URL such as smtp+tls://user:password@host:587.

    Without one, mails become files in the directory.
    """
    if not url:
        return {"BACKEND": "django.core.mail.backends.filebased.EmailBackend",
                "OPTIONS": {"file_path": str(directory)}}  # fmt: skip
    with understanding("EMAIL_URL"):
        config = env.email_url_config(url)
    if not config["EMAIL_BACKEND"].endswith("smtp.EmailBackend"):
        return {"BACKEND": config["EMAIL_BACKEND"]}
    options = {
        "host": config["EMAIL_HOST"],
        "port": config["EMAIL_PORT"] or 25,
        "username": config["EMAIL_HOST_USER"] or "",
        "password": config["EMAIL_HOST_PASSWORD"] or "",
        "use_tls": config.get("EMAIL_USE_TLS", False),
        "use_ssl": config.get("EMAIL_USE_SSL", False),
        "timeout": MAIL_SECONDS,
    }
    return {"BACKEND": config["EMAIL_BACKEND"], "OPTIONS": options}
