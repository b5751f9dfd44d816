#!/usr/bin/env bash
# Several gateways with one replay ledger: a real Redis (alone, with TLS, as a cluster) and moto as DynamoDB. Needs the
# debug build and redis-server; starts everything itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/interop-venv
"$here/venv.sh" "$venv" "$here/requirements.txt"
"$venv/bin/python" -m pytest "$here/ledger" "$@"
