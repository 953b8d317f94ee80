# What a person types. Each target readies .venv first (scripts/setup), which takes a blink when nothing has changed.
# Arguments pass through:  make run ARGS="--port 9000"    make test ARGS="-k parcel"

SHELL = /bin/sh
ARGS =
DATA =
BIN = .venv/bin

# Without byte code Rasa and TensorFlow take half a minute longer to start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL = help
.PHONY: help run test check format proof fuzz chaos bench-turns bench-flows bench-scale bench-desk bench-letters bench-review bench-learning bench-nlu tune lock clean setup-run setup-dev

help: ## show this list
	@echo "make TARGET [ARGS=\"…\"]"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

run: setup-run ## set up, make and fill the database, train if need be, and serve on this machine
	@exec $(BIN)/crossdesk serve $(ARGS)

test: setup-dev ## run the tests on two cores (ARGS goes to pytest; -n 0 keeps them in one process)
	@exec $(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

check: setup-dev ## formatting, lint, types, import contracts, YAML, replies, and a walk through all flows
	@exec scripts/check.sh

format: setup-dev ## format the code and repair what can be repaired
	@$(BIN)/ruff format .
	@exec $(BIN)/ruff check --fix .

proof: setup-dev ## run the long proofs (ARGS goes to pytest)
	@exec $(BIN)/python -m pytest -m proof $(ARGS)

fuzz: setup-dev ## give each channel's translation 10,000 examples of whatever anybody may send
	@exec $(BIN)/python -m pytest -n 2 --hypothesis-profile long -o timeout=3600 -m hypothesis $(ARGS) \
		tests/*/test_translate.py tests/slack/test_desk_cards.py

chaos: setup-dev ## kill processes while thousands of messages pass (ARGS="--seed 7", or "--help")
	@exec $(BIN)/python -W ignore -m tests.chaos $(ARGS)

bench-turns: setup-dev ## measure whole turns, beside stock Rasa
	@exec $(BIN)/python -m bench.turns $(ARGS)

bench-flows: setup-dev ## measure what a turn costs with all flows, beside the first few
	@exec $(BIN)/python -m bench.flows $(ARGS)

bench-scale: setup-dev ## measure what a turn costs as the store grows, with a backlog, and at rest
	@exec $(BIN)/python -m bench.scale $(ARGS)

bench-desk: setup-dev ## measure the desk: buyer to agents' pages, agent to outbox, at 20 cases a second
	@exec $(BIN)/python -m bench.desk $(ARGS)

bench-letters: setup-dev ## measure a mailbox that filled while nobody worked, beside a plain reader
	@exec $(BIN)/python -m bench.letters $(ARGS)

bench-review: setup-dev ## measure the screens of the review inbox with 100,000 messages waiting
	@exec $(BIN)/python -m bench.review $(ARGS)

bench-learning: setup-dev ## measure from 50 labelled messages to a released model, beside buyers at half load
	@exec $(BIN)/python -m bench.learning $(ARGS)

bench-nlu: setup-dev ## measure understanding on public data sets (DATA=folder)
	@exec $(BIN)/python -m bench.nlu "$(DATA)" $(ARGS)

tune: setup-dev ## make the encoder's adapter anew from nlu/data, for an hour
	@exec $(BIN)/python -m nlu.e5.tuning $(ARGS)

lock: ## pin the requirements anew (ARGS="--upgrade" for newer releases)
	@exec scripts/lock.sh $(ARGS)

clean: ## remove what set-up, checks and tests have made; your data, models and store stay
	@rm -rf .venv .tools build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup-run:
	@scripts/setup.sh run

setup-dev:
	@scripts/setup.sh dev
