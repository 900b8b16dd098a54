# Every command installs what it needs:
#
#     make demo         boots real nodes, builds the images, compiles, pushes, shows status
#     make test         runs every test, those on real nodes included, and measures the coverage of branches
#     make test-long    tries the properties on many more examples: 10,000 random templates, 100,000 files with
#                       mistakes instead of 60, and a power cut before each effect of the host program; every fault
#                       on all three backends; 200 crashes of a node, and 100 pushes to 20 nodes; Kolla's own
#                       program in the scenarios of its contract
#     make test-openstack    an OpenStack on real nodes: what `make test` has no time for

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
PACKAGES := systemd-container mmdebstrap podman docker-registry openssh-client iproute2 nftables qemu-utils

.PHONY: demo test test-long test-openstack docs venv packages clean

demo: packages venv
	@PATH="$(BIN):$$PATH" scripts/demo

test: packages venv
	@$(BIN)/coverage erase
	@HEATSINK_EXAMPLES=300 $(BIN)/coverage run -m pytest
	@$(BIN)/coverage run -m pytest --lab -m lab
	@$(BIN)/coverage combine --quiet
	@printf 'branch coverage in percent: '
	@$(BIN)/coverage report --format=total $(GATE)

# tests on nodes need root, and the gate in pyproject.toml counts on them
GATE := $(if $(filter-out 0,$(shell id -u)),--fail-under=0)

test-long: packages venv
	@HEATSINK_EXAMPLES=10000 $(BIN)/pytest -m hypothesis
	@HEATSINK_EXAMPLES=10000 $(BIN)/pytest tests/unit/host/test_power_loss.py
	@$(BIN)/pytest --lab --long -m "backends or long"

test-openstack: PACKAGES += iputils-ping
test-openstack: packages venv
	@$(BIN)/pytest --lab --openstack tests/e2e/test_openstack*.py

docs: venv
	@rm -rf site
	@$(BIN)/zensical build --clean --strict

venv: $(VENV)/installed

$(VENV)/installed: pyproject.toml
	@scripts/install venv $(PYTHON)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[docs,test]'
	@touch $@

packages:
	@scripts/install packages $(PACKAGES)

clean:
	rm -rf $(VENV) build demo dist site .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -f .coverage .coverage.*
