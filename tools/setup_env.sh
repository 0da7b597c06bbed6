#!/usr/bin/env bash
# Make a virtual environment with mmwsss in it, from nothing, on Debian or Ubuntu:
#   tools/setup_env.sh [EXTRAS]      EXTRAS: onedl,lite (default) and for the tests dev
# VENV names its folder (.venv). What is there already is kept; missing system packages are installed
# where that is allowed, else named.
set -euo pipefail
cd "$(dirname "$0")/.."
EXTRAS=${1:-onedl,lite}
VENV=${VENV:-.venv}
PYTHON3=${PYTHON3:-python3}

missing=()
command -v "$PYTHON3" >/dev/null || missing+=(python3)
"$PYTHON3" -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
command -v g++ >/dev/null || missing+=(g++)
"$PYTHON3" -c 'import sysconfig, os, sys
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' \
    2>/dev/null || missing+=(python3-dev)
libraries=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p)
[[ $libraries == *libGL.so.1* ]] || missing+=(libgl1)
[[ $libraries == *libglib-2.0.so.0* ]] || missing+=(libglib2.0-0)
if ((${#missing[@]})); then
    install="apt-get install -y --no-install-recommends ${missing[*]}"
    if ((EUID == 0)); then
        apt-get update -qq && $install
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo apt-get update -qq && sudo $install
    else
        echo "These system packages are missing; install them and run this again:" >&2
        echo "    sudo $install" >&2
        exit 1
    fi
fi

"$PYTHON3" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    { echo "mmwsss needs Python 3.10 or newer; name one with PYTHON3=…" >&2; exit 1; }
[ -x "$VENV/bin/python" ] || "$PYTHON3" -m venv "$VENV"
echo "Installing mmwsss[$EXTRAS] into $VENV (a few minutes the first time)"
"$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
    -c requirements/constraints.txt -e ".[$EXTRAS]"
