#!/usr/bin/env bash
# The gateway behind nginx, and thousands of connections. Needs the debug build and nginx; starts everything itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/interop-venv
"$here/venv.sh" "$venv" "$here/requirements.txt"
"$venv/bin/python" -m pytest "$here/front" "$@"
