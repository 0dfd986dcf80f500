#!/usr/bin/env bash
# Opens the demo session in a real window under Xvfb and checks that it draws: usage .ci/window.sh BINARY [SCREENSHOT]
set -euo pipefail
binary=$1 shot=${2:-$(mktemp --suffix .png)}
export BINARY=$binary SHOT=$shot WGPU_BACKEND=vulkan XDG_CACHE_HOME=${XDG_CACHE_HOME:-$(mktemp -d)} FLATLAND_STATE=$(mktemp -d)
xvfb-run -a -s "-screen 0 1600x1000x24" bash -c '
  "$BINARY" & app=$!
  for _ in $(seq 60); do
    sleep 1
    kill -0 "$app" 2>/dev/null || { echo "the window ended by itself" >&2; wait "$app"; exit 1; }
    import -window root "$SHOT"
    # A bare X screen has one colour; the window with a landscape has hundreds.
    colors=$(identify -format %k "$SHOT")
    if [ "$colors" -ge 300 ]; then
      echo "the window draws: $colors colours"
      kill "$app"; wait "$app" 2>/dev/null || true
      exit 0
    fi
  done
  echo "the window drew only $colors colours in 60 s ($SHOT)" >&2
  kill "$app"; exit 1
'
