#!/usr/bin/env bash
# Set up and run linters and all tests:  tools/run_tests.sh [options of pytest]
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup_env.sh onedl,lite,dev
BIN=${VENV:-.venv}/bin
"$BIN/ruff" check .
"$BIN/ruff" format --check .
"$BIN/mypy"
# The floor of coverage counts where all tests run.
(($#)) || set -- --cov --cov-report=
# One thread a process: two test processes share the cores, and what is left at the end.
OMP_NUM_THREADS=1 exec "$BIN/python" -m pytest -n 2 --dist worksteal "$@"
