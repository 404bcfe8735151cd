# Everything this repository does, by name. `make` alone lists it.
#
# make VARIABLE=value:  PYTHON (the Python to use), PORT, CUTAWAY_MODELS (the folder of models).

PORT ?= 3000
CUTAWAY_MODELS ?= models
export PYTHON PORT CUTAWAY_MODELS

BIN := .venv/bin
# One run for each: both bring the protocol's messages, and a process can hold them once.
CLIENTS := .venv-clients/bin/python -m pytest -c tests/contract/pytest.ini
COMPILE := ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --override overrides.txt $(UPGRADE)

.PHONY: help
help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-16s %s\n", $$1, $$2}' Makefile

.PHONY: serve
serve: ## Set everything up, build the default models if there are none, serve on 127.0.0.1:3000
	@deploy/serve.sh

.PHONY: test
test: ## Set everything up and run the test suite, all but the tests that take minutes
	@deploy/setup.sh dev
	@deploy/models.sh
	$(BIN)/python -m pytest -m "not slow and not faults and not soak"
	@$(MAKE) --no-print-directory contract

.PHONY: test-all
test-all: ## Run the whole test suite, the slow tests and the container image too
	@deploy/setup.sh dev
	@deploy/models.sh
	$(BIN)/python -m pytest -m "not faults and not soak"
	@$(MAKE) --no-print-directory contract

.PHONY: contract
contract: ## Run the real clients, Triton's and KServe's, with every call they have
	@deploy/setup.sh dev
	@deploy/setup.sh clients
	$(CLIENTS) tests/contract/test_triton_*.py
	$(CLIENTS) tests/contract/test_kserve_*.py

.PHONY: faults
faults: ## Break things under load: kills, swaps, full disks, lost nodes, overload, clients that hang (minutes)
	@deploy/setup.sh dev
	$(BIN)/python -m pytest -v -m faults tests/faults tests/scoring

.PHONY: soak
soak: ## Mixed load for CUTAWAY_SOAK_SECONDS (600): memory stays flat, no file is left open
	@deploy/setup.sh dev
	$(BIN)/python -m pytest -v -s -m soak tests/soak

.PHONY: bench
bench: ## Measure the service beside its ceilings and its peers (half an hour); writes benchmarks/results
	@deploy/bench.sh
	@deploy/models.sh
	TF_CPP_MIN_LOG_LEVEL=2 $(BIN)/python -m benchmarks.serving --models "$(CUTAWAY_MODELS)"

.PHONY: bench-inspection
bench-inspection: ## Measure what looking inside costs beside a prediction (minutes)
	@deploy/setup.sh dev
	@deploy/models.sh
	TF_CPP_MIN_LOG_LEVEL=2 $(BIN)/python -m benchmarks.inspection --models "$(CUTAWAY_MODELS)"

.PHONY: bench-scoring
bench-scoring: ## Measure scoring jobs beside what the machine can decode and infer (minutes)
	@deploy/setup.sh dev
	@deploy/models.sh
	TF_CPP_MIN_LOG_LEVEL=2 $(BIN)/python -m benchmarks.scoring --models "$(CUTAWAY_MODELS)"

.PHONY: bench-gpu
bench-gpu: ## Measure the engine and the service on an NVIDIA GPU; without one, says so
	@deploy/setup.sh dev
	@deploy/models.sh
	TF_CPP_MIN_LOG_LEVEL=2 $(BIN)/python -m benchmarks.gpu --models "$(CUTAWAY_MODELS)"

.PHONY: fuzz
fuzz: ## Send 200,000 odd and hostile bodies (CUTAWAY_FUZZ_CASES) through the service (minutes)
	@deploy/setup.sh dev
	CUTAWAY_FUZZ_CASES=$${CUTAWAY_FUZZ_CASES:-200000} $(BIN)/python -m pytest -s --timeout 7200 tests/fuzz

.PHONY: lint
lint: ## Check style, types, the walls between the rooms, shell scripts and the Dockerfile
	@deploy/setup.sh dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	$(BIN)/shellcheck deploy/*.sh .ci/run
	$(BIN)/hadolint Dockerfile

.PHONY: models
models: ## Build the default models, imagenet and fashion, where they are missing
	@deploy/setup.sh export
	@deploy/models.sh

.PHONY: scoring
scoring: ## Set up what scoring jobs run with, .venv/bin/python -m scoring
	@deploy/setup.sh scoring

.PHONY: ray
ray: ## Set up what scoring jobs run with on a Ray cluster
	@deploy/setup.sh ray

.PHONY: image
image: ## Build the container images, run them hardened, predict and score through them
	@deploy/setup.sh dev
	@deploy/models.sh
	@deploy/image.sh
	$(BIN)/python -m pytest -v tests/end_to_end/test_image.py tests/end_to_end/test_scoring_image.py

.PHONY: lock
lock: ## Compile requirements/*.in into the hashed locks (UPGRADE=--upgrade takes newer versions)
	@deploy/setup.sh dev
	cd requirements && $(COMPILE) dev.in -o dev.txt
	cd requirements && for name in uv export service gpu scoring ray scoring-gpu bench; do \
		$(COMPILE) --constraint dev.txt $$name.in -o $$name.txt || exit 1; done
	cd requirements && $(COMPILE) clients.in -o clients.txt

.PHONY: proto
proto: ## Write the messages of gRPC from service/grpc/open_inference.proto
	@deploy/setup.sh dev
	$(BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. service/grpc/open_inference.proto

.PHONY: clean
clean: ## Remove the environments and every cache; models/ stays
	rm -rf .venv .venv-clients .cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
