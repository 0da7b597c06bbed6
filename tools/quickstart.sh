#!/usr/bin/env bash
# From nothing to response maps: set up, make the demo set, train CAM and Mixup-CAM, show them.
#   tools/quickstart.sh [OUTPUT_DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup_env.sh onedl,lite
exec "${VENV:-.venv}/bin/python" tools/quickstart.py "${1:-quickstart}"
