#!/usr/bin/env bash
# venv.sh FOLDER: the Python environment of the suites, made once for each state of requirements.txt.
set -euo pipefail
requirements=$(dirname "${BASH_SOURCE[0]}")/requirements.txt
folder=$1
mark=$folder/.made-of-$(sha256sum <"$requirements" | cut -c1-16)
[ -e "$mark" ] && exit 0
python3 -m venv "$folder"
"$folder/bin/pip" -q --disable-pip-version-check install -r "$requirements"
touch "$mark"
