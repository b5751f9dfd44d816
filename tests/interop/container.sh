#!/usr/bin/env bash
# container.sh BINARY [PYTEST ARGUMENTS]: a static build of the gateway in a root folder with nothing else in it, as the
# container image has it: read-only, as a user without a name. Needs root.
set -euo pipefail
STUDIO_GATEWAY=$(realpath "$1")
export STUDIO_GATEWAY
shift
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/interop-venv
"$here/venv.sh" "$venv" "$here/requirements.txt"
"$venv/bin/python" -m pytest "$here/container" "$@"
