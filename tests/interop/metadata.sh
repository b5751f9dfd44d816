#!/usr/bin/env bash
# Metadata: ours against the SAML schema, and that of IdPs from the web. Needs the debug build; starts everything itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}/interop-venv
"$here/venv.sh" "$venv" "$here/requirements.txt"
"$venv/bin/python" -m pytest "$here/saml/test_sp_metadata.py" "$here/saml/test_idp_metadata.py" "$@"
