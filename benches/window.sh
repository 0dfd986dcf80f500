#!/usr/bin/env bash
# How long the window takes to come up and what it holds while nobody touches it, on a virtual screen with software rendering.
# Usage: benches/window.sh [PATH OF flatland] [SESSION]   (needs xvfb, xdotool, imagemagick and a Vulkan driver)
set -euo pipefail
cd "$(dirname "$0")/.."
export FLATLAND=${1:-target/release/flatland} SESSION=${2:-} WGPU_BACKEND=vulkan
XDG_RUNTIME_DIR=$(mktemp -d) && export XDG_RUNTIME_DIR
trap 'rm -rf "$XDG_RUNTIME_DIR"' EXIT
# -noreset: a screen that starts anew when its last window goes throws out the next one.
xvfb-run -a -s "-screen 0 1480x920x24 -noreset" bash -c '
    since() { echo "$(date +%s.%N) - $1" | bc; }
    for round in 1 2 3; do
        start=$(date +%s.%N)
        # shellcheck disable=SC2086
        "$FLATLAND" $SESSION 2> /dev/null & window=$!
        until xdotool search --onlyvisible --name Flatland > /dev/null 2>&1; do sleep 0.01; done
        mapped=$(since "$start")
        # An empty X screen has one colour, a window with text has many.
        until [ "$(import -window root -crop 400x300+0+0 png:- | identify -format %k png:-)" -gt 20 ]; do :; done
        drawn=$(since "$start")
        sleep 8
        memory=$(awk "/VmRSS/ { print int(\$2 / 1024) }" "/proc/$window/status")
        ticks() { awk "{ print \$14 + \$15 }" "/proc/$window/stat"; }
        before=$(ticks); sleep 5; after=$(ticks)
        printf "round %d: window after %.2f s, drawn within %.2f s; after 8 s %d MiB resident, %d ms of CPU time in the next 5 s\n" \
            "$round" "$mapped" "$drawn" "$memory" $(((after - before) * 1000 / $(getconf CLK_TCK)))
        kill "$window"; wait "$window" 2> /dev/null || true
    done'
