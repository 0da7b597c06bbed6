#!/usr/bin/env bash
# Make a virtual environment with mmwsss in it, from nothing, on Debian or Ubuntu:
#   tools/setup_env.sh [EXTRAS]      EXTRAS: onedl,lite (default) and for the tests dev,docs
# VENV names its folder (.venv), PYTHON3 the interpreter, TORCH_INDEX_URL another index for PyTorch.
# What is there already is kept; missing system packages are installed where that is allowed, else
# named.
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
        apt-get update -qq
        $install
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo apt-get update -qq
        sudo $install
    else
        echo "These system packages are missing; install them and run this again:" >&2
        echo "    sudo $install" >&2
        exit 1
    fi
fi

"$PYTHON3" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
    { echo "mmwsss needs Python 3.10 or newer; name one with PYTHON3=…" >&2; exit 1; }
[ -x "$VENV/bin/python" ] || "$PYTHON3" -m venv "$VENV"
pip_install() { "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "$@"; }

if [ -n "${TORCH_INDEX_URL:-}" ]; then
    echo "Installing PyTorch from $TORCH_INDEX_URL"
    pip_install -c requirements/constraints.txt --index-url "$TORCH_INDEX_URL" torch torchvision
elif [[ $(uname -sm) == "Linux x86_64" && ! -e /dev/nvidiactl ]] &&
    ! "$VENV/bin/python" -c 'import torch' 2>/dev/null; then
    echo "No GPU is seen, and PyTorch's default build brings gigabytes for one. It works; for the small"
    echo "CPU build, stop this and call it with TORCH_INDEX_URL=…, the index that pytorch.org names for CPU."
fi
echo "Installing mmwsss[$EXTRAS] into $VENV (a few minutes the first time)"
pip_install -c requirements/constraints.txt -e ".[$EXTRAS]"

# Its release holds C++ that Cython 0.29 made, which Python 3.13 and later do not compile.
if ! "$VENV/bin/python" -c 'import pydensecrf.densecrf' 2>/dev/null; then
    echo "Building pydensecrf2, the dense CRF, with Cython 3 (a minute or two)"
    if ! { pip_install 'cython>=3' setuptools wheel && CYTHON_FORCE_REGEN=1 \
        pip_install -c requirements/constraints.txt --no-build-isolation pydensecrf2; }; then
        echo "pydensecrf2 does not build here; stages that need the dense CRF say so before they start." >&2
    fi
fi
