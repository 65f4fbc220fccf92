#!/bin/sh
# Make a virtual environment and install exactly what requirements.lock names (hashes checked), then this project itself.
set -eu
venv=$1
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "setup: $("$python" --version 2>&1) is too old; Python 3.11 or newer is needed (PYTHON=/path/to/python3.11 make ...)" >&2
    exit 2
}
if ! "$python" -m venv "$venv" 2>/tmp/ruach-venv.$$; then
    cat /tmp/ruach-venv.$$ >&2
    rm -f /tmp/ruach-venv.$$
    echo "setup: this Python has no venv module; on Debian: apt-get install python3-venv" >&2
    exit 2
fi
rm -f /tmp/ruach-venv.$$
echo "setup: installing the locked dependencies into $venv (a few minutes the first time)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --require-hashes -r requirements.lock
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps --no-build-isolation -e .
