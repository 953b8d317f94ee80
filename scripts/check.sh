#!/bin/sh
# Runs every check, each to its end, so that one run shows all there is to repair.
set -u
cd "$(dirname "$0")/.."
failed=""

step() {
    name=$1
    shift
    start=$(date +%s)
    if "$@"; then result=good; else result=FAILED failed="$failed, $name"; fi
    echo "check: $name: $result ($(($(date +%s) - start)) s)"
}

# Rasa says a page for each reply that only an action says: shown when something is wrong.
scripts() {
    said=$(RASA_TELEMETRY_ENABLED=false TF_CPP_MIN_LOG_LEVEL=3 .venv/bin/python -W ignore -m rasa data validate \
        --domain domain.yml --data nlu/data stories --fail-on-warnings 2>&1) || {
        echo "$said"
        return 1
    }
}

# The walk takes a minute of two processors: it begins at once, beside all other steps, and is told in its place.
walked=$(mktemp)
.venv/bin/python -W ignore -m bot check --walk >"$walked" 2>&1 &
walk=$!
trap 'kill "$walk" 2>/dev/null; rm -f "$walked"' EXIT
trap 'exit 130' INT TERM

flows() {
    wait "$walk"
    result=$?
    cat "$walked"
    return "$result"
}

step formatting .venv/bin/ruff format --check .
step lint .venv/bin/ruff check .
step types .venv/bin/mypy --strict
step "import contracts" .venv/bin/lint-imports --no-logo
step YAML .venv/bin/yamllint --strict .
step scripts scripts
step "flows and replies" flows

if [ -n "$failed" ]; then
    echo "check: failed:${failed#,}" >&2
    exit 1
fi
