#!/usr/bin/env bash
# Times the landscape of a CIFAR ResNet-20 (9x9 grid, 512 test images, float32, CPU) against PyTorch programs and loss-landscapes 3.0.6.
# Needs the folder of the shared test data, which has these programs (SHARED), and a Python with torch 2.11.0 and numpy (PYTHON, default .oracle/bin/python).
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.oracle/bin/python} shared=${SHARED:-../shared}
if ! "$python" -c 'import torch, numpy' 2>/dev/null; then
    echo "bench: expected a Python with torch and numpy at $python, found none; install it with" >&2
    echo "  python3 -m venv .oracle && .oracle/bin/pip install torch==2.11.0 numpy loss-landscapes==3.0.6" >&2
    exit 1
fi
if [ ! -f "$shared/oracle/landscape.py" ]; then
    echo "bench: expected a PyTorch program to compare with at $shared/oracle/landscape.py, found none; set SHARED to the folder of the shared test data" >&2
    exit 1
fi
export FLATLAND_WORKER=${FLATLAND_WORKER:-target/release/flatland-worker}
if [ ! -x "$FLATLAND_WORKER" ]; then
    echo "bench: expected Flatland's worker at $FLATLAND_WORKER, found none; build it with make build" >&2
    exit 1
fi
exec "$python" benches/landscape.py "$shared" "$@"
