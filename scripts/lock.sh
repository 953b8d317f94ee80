#!/bin/sh
# Pins the requirements anew, for every platform, with hashes and without the address of any index.
# Options go to `uv pip compile`: --upgrade takes newer releases, --upgrade-package NAME one of them.
set -eu
cd "$(dirname "$0")/.."
uv=$(scripts/setup.sh uv)

compile() {
    name=$1
    shift
    echo "lock: requirements/$name.txt"
    "$uv" pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
        --output-file "requirements/$name.txt" "$@" "requirements/$name.in"
}

compile run --python-version 3.10 "$@"
# What runs is what was tested: the development set takes the very releases of the other.
compile dev --python-version 3.10 --constraint requirements/run.txt "$@"
# uv itself goes into whatever Python 3 there is.
compile uv --python-version 3.8 --no-python-downloads "$@"
