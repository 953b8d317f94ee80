#!/bin/sh
# Runs the set-up with the first Python 3 that runs: the first on the PATH may be a shim with nothing behind it.
set -eu
cd "$(dirname "$0")/.."

for python in "${CROSSDESK_PYTHON:-python3}" python3 python3.10 /usr/bin/python3 /usr/local/bin/python3 python; do
    if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 7))' >/dev/null 2>&1; then
        exec "$python" -m scripts.setup "$@"
    fi
done
echo "setup: no Python 3.7 or newer runs here. On Debian and Ubuntu: apt-get install python3 python3-venv" >&2
exit 2
