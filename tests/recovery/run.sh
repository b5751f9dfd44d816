#!/usr/bin/env bash
# A domain of 10,000 profiles and 200 spaces, backed up, made anew beside itself, and backed up again, by the real binary
# against the embedded AWS, which throttles; each command is killed half-way once. Needs the debug build; starts everything
# itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/interop-venv
"$here/../interop/venv.sh" "$venv" "$here/../interop/requirements.txt"
"$venv/bin/python" -m pytest "$here" "$@"
