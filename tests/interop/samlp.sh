#!/usr/bin/env bash
# Sign-ins through a real Auth0's samlp (needs node and npm).
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/with_idp.sh" samlp 7103 "$@"
