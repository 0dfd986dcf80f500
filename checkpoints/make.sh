#!/bin/sh
# Trains the demo's checkpoints from nothing with our own `flatland train`. FLATLAND names another flatland.
set -eu
cd "$(dirname "$0")"
flatland=${FLATLAND:-../target/release/flatland}
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT
for name in pretrained erm oe sam dr_sam; do
  "$flatland" train "$name.toml" --out "$runs/$name" --device cpu
  cp "$runs/$name/checkpoints/last.safetensors" "$name.safetensors"
  tail -n 1 "$runs/$name/metrics.jsonl"
done
