#!/bin/sh
# Installs one requirements file into .venv: tools/venv.sh REQUIREMENTS STAMP
# Finds a Python that is new enough by itself, and is safe to start twice at once.
set -eu
cd "$(dirname "$0")/.."
requirements=$1
stamp=$2

new_enough() {
    # Started for real: a pyenv shim exists for every version, installed here or not.
    "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 12))' 2>/dev/null
}

find_python() {
    for candidate in \
        python3.13 python3.14 python3.12 python3 python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python
    do
        if new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    echo "Latchkey needs Python 3.12 or newer with its venv module, and found none." >&2
    echo "Install one (Debian: apt-get install python3 python3-venv; pyenv: pyenv install 3.13)" >&2
    echo "and run make again." >&2
    exit 1
}

if command -v flock >/dev/null; then
    mkdir -p var
    exec 9>var/venv.lock
    flock 9
fi

# Somebody else may have installed while we waited for the lock.
if [ -e "$stamp" ] && [ ! "$requirements" -nt "$stamp" ]; then
    exit 0
fi
if ! new_enough .venv/bin/python; then
    python=$(find_python)
    echo "Creating .venv with $("$python" --version)"
    "$python" -m venv --clear .venv
fi
echo "Installing $requirements"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements"
touch "$stamp"
