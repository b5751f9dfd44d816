#!/usr/bin/env bash
# Responses that real IdPs sent, through `studio-gateway inspect --at`. SAML_VECTORS names their folder.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
target=${CARGO_TARGET_DIR:-$PWD/../../target}
./venv.sh "$target/interop-venv" requirements.txt
export STUDIO_GATEWAY=${STUDIO_GATEWAY:-$target/debug/studio-gateway}
export SAML_VECTORS=${SAML_VECTORS:-$PWD/../../../shared/vectors}
exec "$target/interop-venv/bin/pytest" test_captured.py "$@"
