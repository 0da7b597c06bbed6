#!/usr/bin/env bash
# Set up, run linters, build the documentation, run all tests:  tools/run_tests.sh [options of pytest]
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup_env.sh onedl,lite,dev,docs
BIN=${VENV:-.venv}/bin
"$BIN/ruff" check .
"$BIN/ruff" format --check .
"$BIN/mypy" & # beside the site: each uses one core
MYPY=$!
# Sphinx needs Python 3.11; with 3.10 the site is not built, and the tests that need it say so.
if "$BIN/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    "$BIN/sphinx-build" -q -W --keep-going docs docs/_build/html
fi
wait $MYPY
# The floor of coverage counts where all tests run.
(($#)) || set -- --cov --cov-report=
# One thread a process: two test processes share the cores, and what is left at the end.
OMP_NUM_THREADS=1 exec "$BIN/python" -m pytest -n 2 --dist loadgroup --no-loadscope-reorder "$@"
