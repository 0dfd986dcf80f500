#!/usr/bin/env bash
# The system packages that Flatland needs: a C++ compiler to build (and nasm, without which JPEG decoding is slower), X and Vulkan libraries to
# open a window. As root on Debian or Ubuntu the missing ones are installed; otherwise the line that does it is printed, and the build goes on.
set -euo pipefail
command -v dpkg-query >/dev/null || exit 0
needed=(g++ nasm libgomp1 libx11-6 libx11-xcb1 libxcursor1 libxi6 libxrandr2 libxkbcommon0 libxkbcommon-x11-0 libvulkan1 mesa-vulkan-drivers "$@")
missing=()
for package in "${needed[@]}"; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
line="apt-get install -y --no-install-recommends ${missing[*]}"
if [ "$(id -u)" -eq 0 ]; then
  echo "Installing ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $line >/dev/null
else
  echo "System packages are missing. Install them once: sudo $line" >&2
  command -v g++ >/dev/null || exit 1
fi
