#!/usr/bin/env bash
# Sign-ins through a real samlify (needs node and npm).
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/with_idp.sh" samlify 7104 "$@"
