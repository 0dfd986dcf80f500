#!/usr/bin/env bash
# A person's day in a real window under Xvfb: open a session, compute, link, lasso, export, save, close, reopen; then the same after
# kill -9. Fails when anything is lost. Usage: .ci/end_to_end.sh BINARY [FOLDER FOR PICTURES]
#
# Commands are given through the palette, so that no place on the screen matters but that of the lasso. Whatever is waited for is seen in
# a file. The desktop's file dialog is stood in for by a `zenity` that answers with the path that the script expects.
set -euo pipefail
if [ "${1:-}" != --inside ]; then
  binary=$(realpath "$1") pictures=${2:-$(mktemp -d)}
  mkdir -p "$pictures" && pictures=$(realpath "$pictures")
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  # -noreset: a screen that starts anew when its last window goes throws out the next one.
  ROOT=$(realpath "$(dirname "$0")/..") BINARY=$binary WORK=$work PICTURES=$pictures \
    xvfb-run -a -s "-screen 0 1480x920x24 -noreset" "$(realpath "$0")" --inside
  exit
fi

export WGPU_BACKEND=vulkan HOME="$WORK/home" XDG_CACHE_HOME="$WORK/cache" XDG_RUNTIME_DIR="$WORK/run" FLATLAND_STATE="$WORK/state"
# No session bus: else the dialog of a desktop that happens to be here would be asked for.
export DBUS_SESSION_BUS_ADDRESS="unix:path=$WORK/no-bus" PATH="$WORK/bin:$PATH"
mkdir -p "$HOME" "$WORK/bin" "$WORK/out" && mkdir -m 700 "$XDG_RUNTIME_DIR"
printf '#!/bin/sh\ncat "%s/answer"\n' "$WORK" >"$WORK/bin/zenity"
chmod +x "$WORK/bin/zenity"

study=$WORK/study.toml
{
  echo 'version = 1'
  for name in erm dr_sam; do
    printf '[[checkpoint]]\nname = "%s"\npath = "%s/checkpoints/%s.safetensors"\nnormalization = "half"\n' $name "$ROOT" $name
  done
  for pair in id:test near:near; do
    printf '[[dataset]]\nname = "%s images"\nrole = "%s"\npath = "demo:%s"\nlimit = 60\n' "${pair%:*}" "${pair%:*}" "${pair#*:}"
  done
  printf '[landscape]\ngrid = [5, 5]\n[sharpness]\nrho = [0.05, 0.1]\nsteps = 2\n[embedding]\nperplexity = 10.0\niterations = 100\n'
} >"$study"

say() { printf '   %s (%s)\n' "$1" "$(date +%T)"; }
picture() { import -window root "$PICTURES/$1.png"; }
fail() {
  picture failed || true
  echo "end to end: $1 (see $PICTURES/failed.png)" >&2
  [ -z "${app:-}" ] || kill "$app" 2>/dev/null || true
  exit 1
}

# until SECONDS COMMAND...: whether it succeeds within that time.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}
lives() { kill -0 "$app" 2>/dev/null; }
# What the window keeps of what it has open, for the next start.
kept() { cat "$FLATLAND_STATE"/slots/*.toml 2>/dev/null; }
keeps() { kept | grep -q -- "$1"; }
# Images of the selection in the TOML on standard input.
selected() {
  awk '/view\.scatter\.selection\]$/ { on = 1; next } /^\[/ { on = 0 }
    on { gsub(/.*= "|"$/, ""); n = split($0, r, " "); for (i = 1; i <= n; i++) { m = split(r[i], b, "-"); s += b[m] - b[1] + 1 } }
    END { print s + 0 }'
}

open() {
  "$BINARY" "$@" 2>"$WORK/stderr" &
  app=$!
  until_true 60 xdotool search --onlyvisible --name 'Flatland$' >"$WORK/window" || fail "no window within 60 s"
  xdotool windowfocus "$(head -1 "$WORK/window")"
  xdotool mousemove 1478 918
}

part() { import -window root -crop "$1" +repage rgba:- | cksum; }
# Two looks at a part of the screen that are the same.
still() {
  local first
  first=$(part "$1")
  sleep 0.4
  [ "$first" = "$(part "$1")" ]
}
whole=1480x920+0+0

# The colour of a place where nothing is: the palette darkens it.
margin() { part 1x1+1474+500; }
margin_is() { [ "$(margin)" = "$1" ]; }
margin_is_not() { ! margin_is "$1"; }

# give COMMAND CHECK...: gives a command through the palette, again until the check holds: a slow window may have missed a key.
give() {
  local words=$1 bare
  shift
  for _ in 1 2 3; do
    lives || fail "the window ended by itself before \`$words\`"
    bare=$(margin)
    xdotool key ctrl+k
    until_true 10 margin_is_not "$bare" || continue
    xdotool type --delay 15 "$words"
    xdotool key Return
    ! until_true 10 "$@" || return 0
    # Escape would drop the selection where no palette is.
    margin_is "$bare" || xdotool key Escape
    until_true 10 margin_is "$bare" || true
  done
  fail "\`$words\` did nothing"
}

look() {
  until_true 30 still $whole || fail "the window does not come to rest"
  picture "$1"
}
# Whether the window shows what it showed in an earlier picture, the line of memory and device at the left below excepted.
shows() {
  local differing
  picture "$2"
  for name in "$@"; do
    convert "$PICTURES/$name.png" -fill black -draw 'rectangle 0,870 299,920' "$WORK/$name.png"
  done
  differing=$(compare -metric AE -fuzz 3% "$WORK/$1.png" "$WORK/$2.png" "$PICTURES/differing.png" 2>&1 | cut -d' ' -f1) || true
  [ "${differing%.*}" -le 200 ]
}
# Whether the line at the bottom is empty: one colour right of the side panel.
no_message() {
  import -window root "$WORK/look.png"
  [ "$(convert "$WORK/look.png" -crop 1150x38+310+880 +repage -format %k info:)" = 1 ]
}
has_message() { ! no_message; }

computed() {
  [ "$(find "$XDG_CACHE_HOME" -name landscape.json | wc -l)" = 2 ] && [ "$(find "$XDG_CACHE_HOME" -name sharpness.json | wc -l)" = 2 ] &&
    [ "$(find "$XDG_CACHE_HOME" -name embedding.npz | wc -l)" = 2 ] && [ "$(find "$XDG_CACHE_HOME" -name scores.json | wc -l)" = 2 ]
}
files() { find "$XDG_CACHE_HOME/flatland" -type f -printf '%P %T@\n' | sort; }
closed() { ! lives; }
has_selection() { [ "$(kept | selected)" -gt 0 ]; }

close_window() {
  xdotool key ctrl+q
  until_true 20 closed || fail "the window does not close"
  local code=0
  wait "$app" || code=$?
  [ "$code" = 0 ] || fail "the window ended with exit code $code: $(tail -3 "$WORK/stderr")"
}

say "open and compute"
open "$study"
until_true 90 computed || fail "not computed within 90 s: $(find "$XDG_CACHE_HOME" -type f | sed 's/.*flatland.//' | tr '\n' ' ')"
say "link, look, lasso"
give "unlink cursor" keeps '^cursor = false'
give "dark theme" grep -q dark "$FLATLAND_STATE/preferences.toml"
give "show embedding" keeps '^tab = "embedding"'
give "drag over points lasso" keeps '^tool = "lasso"'
look computed
# Around the middle of the first panel.
lasso() {
  xdotool mousemove 420 300 mousedown 1
  for corner in "550 240" "700 300" "740 450" "700 620" "550 660" "440 600" "400 450" "418 310"; do
    # shellcheck disable=SC2086
    xdotool mousemove $corner
    sleep 0.1
  done
  xdotool mouseup 1 mousemove 1478 918
  until_true 5 has_selection
}
lasso || lasso || fail "the lasso selected nothing"
count=$(kept | selected)

say "export"
for format in svg pdf png; do
  echo "$WORK/out/view.$format" >"$WORK/answer"
  give "export this view as $format" test -s "$WORK/out/view.$format"
done
echo "$WORK/out/selection.csv" >"$WORK/answer"
give "export the selection" test -s "$WORK/out/selection.csv"
grep -q '<svg' "$WORK/out/view.svg" && grep -q '</svg>' "$WORK/out/view.svg" || fail "no SVG was exported"
[ "$(head -c 4 "$WORK/out/view.pdf")" = %PDF ] || fail "no PDF was exported"
[ "$(identify -format %k "$WORK/out/view.png")" -gt 20 ] || fail "the exported PNG is empty"
rows=$(($(wc -l <"$WORK/out/selection.csv") - 1))
[ "$rows" = "$count" ] || fail "$count images are selected, $rows were exported"

zoom() {
  xdotool mousemove 560 450 click 4 click 4
  sleep 0.5
  xdotool mousemove 1478 918
  until_true 5 keeps 'extents\.embedding'
}
zoom || zoom || fail "the wheel does not zoom"

say "save and close: $count images are selected"
give "save" grep -q 'scatter.selection' "$study"
for line in '^cursor = false' '^tab = "embedding"' '^tool = "lasso"' 'extents\.embedding'; do
  grep -q "$line" "$study" || fail "the saved session lacks \`$line\`"
done
[ "$(selected <"$study")" = "$count" ] || fail "the saved session has another selection"
until_true 10 has_message || fail "nobody says that the session was saved"
give "dismiss message" no_message
look before
before=$(files)
close_window

say "reopen"
open
until_true 30 keeps '^closed = false' || fail "the session did not come back"
until_true 30 shows before after || fail "the window differs from what it was before: $PICTURES/differing.png"

say "change, kill -9, reopen"
give "colour points by label" keeps '^color_by = "label"'
give "hide points of near" keeps '"role:near"'
give "link cursor" bash -c "! grep -qs '^cursor = false' '$FLATLAND_STATE'/slots/*.toml"
look before-kill
kill -9 "$app"
wait "$app" 2>/dev/null || true
open
until_true 30 keeps '^closed = false' || fail "the session did not come back after kill -9"
until_true 10 has_message || fail "nobody says that the window had ended"
give "dismiss message" no_message
until_true 30 shows before-kill after-kill || fail "the window differs from what it was before kill -9: $PICTURES/differing.png"
keeps '^color_by = "label"' && keeps '"role:near"' || fail "a change was lost by kill -9"
[ "$(kept | selected)" = "$count" ] || fail "$count images were selected before kill -9, now $(kept | selected)"
[ "$(files)" = "$before" ] || fail "results in the cache were written again: $(diff <(echo "$before") <(files) | head -5)"
close_window
say "all was restored, nothing was computed again"
