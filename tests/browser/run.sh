#!/usr/bin/env bash
# The demo in a real browser. Needs the debug build, and Debian's chromium and chromium-driver. Screenshots of every page
# go to SCREENSHOTS, by default target/screenshots.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}
export SCREENSHOTS=${SCREENSHOTS:-$target/screenshots}
mkdir -p "$SCREENSHOTS"
"$here/../interop/venv.sh" "$target/browser-venv" "$here/requirements.txt"
"$target/browser-venv/bin/python" -m pytest "$here" "$@"
