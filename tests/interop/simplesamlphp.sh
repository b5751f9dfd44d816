#!/usr/bin/env bash
# Sign-ins through a real SimpleSAMLphp.
set -euo pipefail
exec "$(dirname "${BASH_SOURCE[0]}")/with_idp.sh" simplesamlphp 7101 "$@"
