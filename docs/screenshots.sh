#!/usr/bin/env bash
# Makes the pictures of docs/: the four tabs on the demo session, in a real window on a virtual screen.
# Usage: docs/screenshots.sh [PATH OF flatland]   (needs xvfb, imagemagick and a Vulkan driver, e.g. mesa-vulkan-drivers)
set -euo pipefail
cd "$(dirname "$0")/.."
flatland=${1:-target/release/flatland}
# The pictures shall show finished results: compute what the cache lacks first.
"$flatland" figures assets/demo/session.toml --out "$(mktemp -d)" > /dev/null
for tab in landscape sharpness embedding energy; do
    SHOT="docs/$tab.png" TAB=$tab FLATLAND="$flatland" xvfb-run -a -s "-screen 0 1480x920x24" bash -c '
        "$FLATLAND" --tab "$TAB" & window=$!
        trap "kill $window" EXIT
        sleep "${SETTLE:-12}"
        import -window root "$SHOT"'
    echo "docs/$tab.png"
done
