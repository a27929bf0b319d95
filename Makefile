# Needs python3 (3.11 or newer) and make; everything else is set up in .venv from requirements.lock.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

# Tests start hundreds of processes; without compiled modules each takes up to half a second longer.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check fix lock tiers histories kill-pairs takeover guards secrets soak fuzz noninterference bench-quality bench-speed bench-crm bench-hubspot bench-lists bench-import

demo: $(READY)
	$(BIN)/overlap demo

test: $(READY)
	$(BIN)/pytest -q -n auto

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n auto

fix: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Writes the table of tiers in docs/hubspot.md.
tiers: $(READY)
	$(BIN)/python -m tests.jobs.portal_tiers --write

# N: how many; CRM: salesforce, hubspot or both. Called again, it plays what is missing, and what failed once more.
histories: CRM ?= salesforce
histories: $(READY)
	$(BIN)/python -m tests.histories.campaign --crm $(CRM) --to $(or $(N),700) --jobs $(or $(JOBS),2) \
		--save benchmarks/results/histories-$(CRM)

# Dies at every pair of steps of two applies; EVERY: only each so many-th first step. Called again, it goes on.
kill-pairs: $(READY)
	$(BIN)/python -m tests.jobs.kill_pairs --jobs $(or $(JOBS),2) --every $(or $(EVERY),1)

# N: how many rounds of two processes that are stopped, continued and killed on one workspace.
takeover: $(READY)
	$(BIN)/python -m tests.takeover --rounds $(or $(N),1000)

# Takes each guard away, one after the other; a test must go red each time.
guards: $(READY)
	$(BIN)/python -m tests.guards --jobs $(or $(JOBS),2) --save benchmarks/results/guards

# An error that nobody foresaw at every step of runs, and every answer of every channel: no secret is said.
secrets: $(READY)
	$(BIN)/python -m tests.jobs.leak_campaign --jobs $(or $(JOBS),2)

# WEEKS: how many simulated weeks one process lives through; RUNS: how many a service does.
soak: $(READY)
	$(BIN)/python -m tests.soak --weeks $(or $(WEEKS),200) --runs $(or $(RUNS),200) --save

# N: how many executions. atheris has wheels for Linux only.
fuzz: $(READY)
	$(BIN)/python -m tests.fuzz --runs $(or $(N),100000) --save benchmarks/results/fuzz-lists

# N: how many pairs of worlds; what a partner may not see must change no byte of what it gets.
noninterference: $(READY)
	$(BIN)/python -m tests.noninterference --pairs $(or $(N),500) --jobs $(or $(JOBS),2)

# DATA: a folder of tasks with known truth, see benchmarks/README.md.
bench-quality: $(READY)
	$(BIN)/python -m benchmarks.quality $(if $(DATA),--data $(DATA))

# DATA: a folder of CSV files whose names benchmarks/list_mapping.py knows.
bench-lists: $(READY)
	$(BIN)/python -m benchmarks.list_mapping $(if $(DATA),--data $(DATA))

# DATA: folders with left.csv, right.csv and truth.csv; ARGS: more options.
bench-speed: $(READY)
	$(BIN)/python -m benchmarks.match_speed $(DATA) $(ARGS)

# ARGS: --rows N for another size than 1,000,000 accounts.
bench-crm: $(READY)
	$(BIN)/python -m benchmarks.crm_read $(ARGS)

# ARGS: --companies N for another size than 250,000.
bench-hubspot: $(READY)
	$(BIN)/python -m benchmarks.crm_hubspot $(ARGS)

# ARGS: --rows N for another size than 1,000,000.
bench-import: $(READY)
	$(BIN)/python -m benchmarks.list_import $(ARGS)

# Needs uv. The file names no index, so that it installs from wherever pip looks.
lock:
	uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-emit-index-url --no-header -o requirements.lock

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("overlap needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
