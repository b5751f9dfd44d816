#!/usr/bin/env bash
# Audit events of the real binary against the OCSF schema, and in moto's CloudWatch Logs and Firehose. Needs the debug build;
# starts everything itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/interop-venv
"$here/venv.sh" "$venv" "$here/requirements.txt"
"$venv/bin/python" -m pytest "$here/audit" "$@"
