#!/usr/bin/env bash
# Spans of the real binary, as a collector receives them. Needs the debug build; starts everything itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/interop-venv
"$here/venv.sh" "$venv" "$here/requirements.txt"
"$venv/bin/python" -m pytest "$here/traces" "$@"
