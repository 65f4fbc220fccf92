#!/bin/sh
# Run the tests that the marker expression $2 picks, with the Python $1, in a folder of this run's own. pytest clears away
# what earlier runs left in a shared one, and a run that was killed can leave something that will not go (a mounted disk):
# the next run would fail for it. The folder goes when the tests pass, and stays to be looked at when they do not.
# Compiled code is kept, whatever the environment says: the workers and some hundred processes that the tests start would
# each compile the project again, and pytest's plugins twice (18 s of a processor for each worker).
set -u
unset PYTHONDONTWRITEBYTECODE
root=$(mktemp -d "${TMPDIR:-/tmp}/ruach-run.XXXXXX") || exit 2
status=0
PYTEST_DEBUG_TEMPROOT=$root "$1" -m pytest -n 2 --dist loadgroup -m "$2" || status=$?
if [ "$status" -eq 0 ]; then
    rm -rf "$root" || echo "tests: passed; $root could not be removed" >&2
else
    echo "tests: what they wrote is kept in $root" >&2
fi
exit "$status"
