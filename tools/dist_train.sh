#!/usr/bin/env bash
# Train with several processes on this machine, one an accelerator, or on CPUs:
#   tools/dist_train.sh CONFIG PROCESSES [options of train.py]
# PYTHON names the interpreter. Several machines: set NNODES, NODE_RANK, MASTER_ADDR and PORT on each.
set -euo pipefail
CONFIG=$1
PROCESSES=$2
exec "${PYTHON:-python}" -m torch.distributed.run \
    --nnodes="${NNODES:-1}" --node_rank="${NODE_RANK:-0}" --nproc_per_node="$PROCESSES" \
    --master_addr="${MASTER_ADDR:-127.0.0.1}" --master_port="${PORT:-29500}" \
    "$(dirname "$0")/train.py" "$CONFIG" --launcher pytorch "${@:3}"
