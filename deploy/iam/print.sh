#!/usr/bin/env bash
# Prints the policies of this folder again, from example.toml, and those of team-account from the example there: only what
# is about the gateway and its work in that account, as everything else is the same. Needs `cargo build`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
binary=${STUDIO_GATEWAY:-${CARGO_TARGET_DIR:-../../target}/debug/studio-gateway}
print() {
  "$binary" policies --config "$1/example.toml" --only "$2" >"$1/$2.json"
}
rm -f ./*.json
"$binary" policies --config example.toml --list | grep -v 'Not printed' | cut -d' ' -f1 | while read -r name; do
  print . "$name"
done
for policy in team-account/*.json; do
  print team-account "$(basename "$policy" .json)"
done
