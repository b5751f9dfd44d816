#!/usr/bin/env bash
# Schemathesis asks the running demo what its OpenAPI document says, and more than that: no answer is a fault of ours, and
# each is described. Needs the debug build; starts and stops everything itself.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${CARGO_TARGET_DIR:-$(cd "$here/../.." && pwd)/target}
gateway=${STUDIO_GATEWAY:-$target/debug/studio-gateway}
"$here/../interop/venv.sh" "$target/openapi-venv" "$here/requirements.txt"

work=$(mktemp -d)
coproc DEMO { exec "$gateway" demo --port-base 0 2>&1; }
pid=$DEMO_PID
exec {said}<&"${DEMO[0]}"
trap 'kill "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; rm -rf "$work"' EXIT
address=
while read -r -t 30 line <&"$said"; do
  address=$(grep -o 'open http://[^ ]*' <<<"$line" | cut -d' ' -f2) || continue
  break
done
[ -n "$address" ] || { echo "the demo does not start"; exit 1; }
cat <&"$said" >"$work/demo.log" &

cd "$work" # where schemathesis leaves its files
"$target/openapi-venv/bin/schemathesis" --config-file "$here/schemathesis.toml" run "${address%/}/openapi.json" \
  --seed 20260101 --max-examples "${EXAMPLES:-40}" --generation-database none --max-redirects 0 "$@"
