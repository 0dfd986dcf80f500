#!/usr/bin/env bash
# Makes the pictures of docs/: the tabs on the demo session, in a real window on a virtual screen.
# Usage: docs/screenshots.sh [PATH OF flatland] [TAB...]   (needs xvfb, imagemagick and a Vulkan driver, e.g. mesa-vulkan-drivers)
set -euo pipefail
cd "$(dirname "$0")/.."
flatland=$(realpath "${1:-target/release/flatland}")
tabs=("${@:2}")
[ ${#tabs[@]} -gt 0 ] || tabs=(landscape sharpness embedding energy runs)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What this machine's windows had open is neither shown nor changed.
export FLATLAND_STATE="$work/state"
# The pictures shall show finished results: compute what is lacking first.
for tab in "${tabs[@]}"; do
    if [ "$tab" = runs ]; then
        for run in erm oe sam dr_sam; do
            "$flatland" train "checkpoints/$run.toml" --out "$work/runs/$run" --device cpu > /dev/null
        done
    else
        [ -e "$work/figures" ] || "$flatland" figures assets/demo/session.toml --out "$work/figures" > /dev/null
    fi
done
for tab in "${tabs[@]}"; do
    # The window looks for runs in runs/ of the folder that it is started in.
    SHOT="$PWD/docs/$tab.png" TAB=$tab FLATLAND="$flatland" WORK="$work" xvfb-run -a -s "-screen 0 1480x920x24" bash -c '
        cd "$WORK"
        rm -rf "$FLATLAND_STATE"
        "$FLATLAND" --tab "$TAB" & window=$!
        trap "kill $window" EXIT
        sleep "${SETTLE:-12}"
        import -window root "$SHOT"'
    echo "docs/$tab.png"
done
