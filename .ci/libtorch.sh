#!/usr/bin/env bash
# Fetches libtorch 2.11.0 from PyPI's wheels into .libtorch/; with an NVIDIA driver, its CUDA libraries too.
# Does nothing when it is there already, or when LIBTORCH or LIBTORCH_USE_PYTORCH names one of your own.
set -euo pipefail
cd "$(dirname "$0")/.."
torch=2.11.0 runtime=13.0.96 cupti=13.0.85
[ -z "${LIBTORCH:-}${LIBTORCH_USE_PYTORCH:-}" ] || exit 0

kind=cpu
if nvidia-smi >/dev/null 2>&1; then kind=cuda; fi
stamp=.libtorch/.flatland-$torch
if [ -e "$stamp-cuda" ] || { [ "$kind" = cpu ] && [ -e "$stamp-cpu" ]; }; then exit 0; fi

python=${PYTHON:-python3}
"$python" -m pip --version >/dev/null 2>&1 || {
  echo "libtorch is fetched with pip, and \`$python -m pip\` does not run. Install it: sudo apt-get install -y python3-pip" >&2
  exit 1
}
echo "Fetching libtorch $torch ($kind) into .libtorch, once."
rm -rf .libtorch.part
install() { "$python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-compile --target .libtorch.part "$@"; }
if [ "$kind" = cuda ]; then
  install "torch==$torch"
else
  # libtorch_cpu.so of this wheel needs libcudart and libcupti even without a GPU.
  install --no-deps "torch==$torch" "nvidia-cuda-runtime==$runtime" "nvidia-cuda-cupti==$cupti"
fi
touch ".libtorch.part/.flatland-$torch-$kind"
rm -rf .libtorch
mv .libtorch.part .libtorch
