#!/usr/bin/env bash
# What goes wrong around the gateway, one thing after another, with people signing in all the while: AWS and the ledger
# down, slow, throttling, resetting, answering nonsense; instances that end; clocks that jump. Prints a table. Needs the
# debug build, redis-server, nginx and libfaketime; starts everything itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/interop-venv
"$here/../interop/venv.sh" "$venv" "$here/../interop/requirements.txt"
"$venv/bin/python" -m pytest "$here" "$@"
