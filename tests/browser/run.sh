#!/usr/bin/env bash
# The demo, and a company's own gateway, in a real browser. Needs the debug build, Debian's chromium and chromium-driver, and
# npm. Screenshots of every page go to SCREENSHOTS, by default target/screenshots.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}
export SCREENSHOTS=${SCREENSHOTS:-$target/screenshots}
mkdir -p "$SCREENSHOTS"
# The accessibility checker; the version is pinned, and nothing of it is part of the product.
axe=$target/browser-npm/node_modules/axe-core/axe.min.js
[ -f "$axe" ] || npm install --silent --no-audit --no-fund --prefix "$target/browser-npm" axe-core@4.14.1
export AXE=$axe
"$here/../interop/venv.sh" "$target/browser-venv" "$here/requirements.txt"
"$target/browser-venv/bin/python" -m pytest "$here" "$@"
