#!/usr/bin/env bash
# From nothing to a segmentor: set up, make the demo set, run the pipeline, show what came of it.
#   tools/quickstart.sh [OUTPUT_DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup_env.sh onedl,lite
exec "${VENV:-.venv}/bin/python" tools/quickstart.py "${1:-quickstart}"
