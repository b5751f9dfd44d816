#!/usr/bin/env bash
# The templates in deploy/: linted, and their policies compared with those that are printed. Needs `cargo build`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=${CARGO_TARGET_DIR:-$PWD/target}
# checkov wants older versions of what the others need.
tests/interop/venv.sh "$target/deploy-venv" tests/deploy/requirements.txt
tests/interop/venv.sh "$target/checkov-venv" tests/deploy/checkov.txt
tools=$target/deploy-venv/bin
export STUDIO_GATEWAY=${STUDIO_GATEWAY:-$target/debug/studio-gateway}
export AWS_DEFAULT_REGION=eu-central-1 SAM_CLI_TELEMETRY=0
mapfile -t templates < <(git ls-files 'deploy/*.yaml' | grep -v -e '^deploy/kubernetes/' -e '/alerts.yaml$')
"$tools/cfn-lint" "${templates[@]}"
echo "cfn-lint: ${#templates[@]} templates"
promtool check rules deploy/dashboards/alerts.yaml
promtool test rules tests/deploy/alerts.yaml
"$tools/sam" validate --lint --template deploy/lambda/template.yaml
"$tools/pytest" -q tests/deploy "$@"
# Offline; what is skipped says so, with a reason, in the template itself.
"$target/checkov-venv/bin/checkov" --directory deploy --framework cloudformation --skip-download --compact --quiet
rendered=$(mktemp -d)
trap 'rm -r "$rendered"' EXIT
"$tools/python" tests/deploy/chart.py "$rendered"
"$target/checkov-venv/bin/checkov" --directory "$rendered" --framework kubernetes --skip-download --compact --quiet \
  --config-file tests/deploy/checkov-kubernetes.yaml
