#!/usr/bin/env bash
# The way from nothing to a working sign-in, as README.md has it. Needs the debug build; starts everything itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/readme-venv
"$here/../interop/venv.sh" "$venv" "$here/requirements.txt"
"$venv/bin/python" -m pytest -q -c "$here/pytest.ini" "$here" "$@"
