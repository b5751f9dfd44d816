#!/usr/bin/env bash
# venv.sh FOLDER REQUIREMENTS: a Python environment, made once for each state of the requirements.
set -euo pipefail
folder=$1 requirements=$2
mark=$folder/.made-of-$(sha256sum <"$requirements" | cut -c1-16)
[ -e "$mark" ] && exit 0
python3 -m venv "$folder"
"$folder/bin/python" -m pip -q --disable-pip-version-check install -r "$requirements"
touch "$mark"
