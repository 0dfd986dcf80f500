#!/usr/bin/env bash
# Times DR-SAM steps of a CIFAR ResNet-20 (128 ID images and 256 outliers, float32, CPU) against the same steps in eager PyTorch.
# Needs the folder of the shared test data, which has PyTorch definitions of its networks (SHARED), and a Python with torch 2.11.0 and numpy (PYTHON, default .oracle/bin/python).
# PREFIX goes before each timed process, as in PREFIX="chrt -f 20" on a machine that is shared.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.oracle/bin/python} shared=${SHARED:-../shared}
if ! "$python" -c 'import torch, numpy' 2>/dev/null; then
    echo "bench: expected a Python with torch and numpy at $python, found none; install it with" >&2
    echo "  python3 -m venv .oracle && .oracle/bin/pip install torch==2.11.0 numpy" >&2
    exit 1
fi
if [ ! -f "$shared/oracle/nets.py" ]; then
    echo "bench: expected PyTorch definitions of the networks at $shared/oracle/nets.py, found none; set SHARED to the folder of the shared test data" >&2
    exit 1
fi
export FLATLAND_WORKER=${FLATLAND_WORKER:-target/release/flatland-worker}
if [ ! -x "$FLATLAND_WORKER" ]; then
    echo "bench: expected Flatland's worker at $FLATLAND_WORKER, found none; build it with make build" >&2
    exit 1
fi
exec "$python" benches/training.py "$shared" "$@"
