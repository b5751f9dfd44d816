#!/usr/bin/env bash
# with_idp.sh NAME PORT [PYTEST ARGUMENTS]: sign-ins through an IdP of somebody else. IDP_SCRIPTS is the folder with NAME.sh and
# common.sh, which install, configure and run it on loopback (root on Debian 12). Needs the debug build.
set -euo pipefail
name=$1 port=$2
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
scripts=${IDP_SCRIPTS:-$root/../shared/idp}
if [ ! -x "$scripts/$name.sh" ]; then
  echo "no $name.sh in $scripts: set IDP_SCRIPTS to the folder that has it" >&2
  exit 1
fi
scripts=$(cd "$scripts" && pwd)

scratch=$(mktemp -d)
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
GATEWAY_PORT=$(free_port)
# Read by the IdP's script, which knows PORT as its own.
export RI_BASE=$scratch/idp PORT=${IDP_PORT:-$port} GATEWAY_PORT IDP_NAME=$name
export SP_ENTITY=http://127.0.0.1:$GATEWAY_PORT/saml/metadata SP_ACS=http://127.0.0.1:$GATEWAY_PORT/saml/acs
export IDP_SCRIPT=$scripts/$name.sh
stop() {
  "$IDP_SCRIPT" stop || true
  rm -rf "$scratch"
}
trap stop EXIT

venv=${CARGO_TARGET_DIR:-$root/target}/interop-venv
"$here/venv.sh" "$venv" "$here/requirements.txt"
"$IDP_SCRIPT" up
"$venv/bin/python" -m pytest "$here/idps/test_$name.py" "$@"
