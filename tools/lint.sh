#!/bin/sh
# `make lint`: everything that can be said without running the portal. Says all of it, then fails.
set -u
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"
failed=""

# Settings are read as in production, because that is what `check --deploy` is about.
unset SECRET_KEY_FILE DATABASE_URL_FILE EMAIL_URL_FILE DEBUG
SECRET_KEY=$(python -c 'import secrets; print(secrets.token_urlsafe(64))')
ALLOWED_HOSTS=latchkey.example
DATABASE_URL=sqlite:///var/lint.sqlite3
EMAIL_URL=smtp+tls://mail.latchkey.example:587
DJANGO_SETTINGS_MODULE=config.settings
export SECRET_KEY ALLOWED_HOSTS DATABASE_URL EMAIL_URL DJANGO_SETTINGS_MODULE
mkdir -p var

look() {
    name=$1
    shift
    if ! "$@"; then
        failed="$failed $name"
    fi
}

templates() {
    find . -name '*.html' -not -path './.*' -not -path './var/*'
}

look ruff ruff check --quiet .
look ruff-format ruff format --quiet --check --diff .
look mypy mypy --no-error-summary .
if [ -n "$(templates)" ]; then
    look djade djade --check --target-version 6.1 $(templates)
    look djlint djlint --quiet --lint $(templates)
fi
look migrations python manage.py makemigrations --check --dry-run
look deploy python manage.py check --deploy --fail-level WARNING
rm -f var/lint.sqlite3*

if [ -n "$failed" ]; then
    echo "Lint found something:$failed" >&2
    exit 1
fi
echo "Lint found nothing."
