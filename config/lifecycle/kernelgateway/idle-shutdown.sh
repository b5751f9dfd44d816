#!/bin/bash
# Lifecycle configuration for KernelGateway, the kernels of Studio Classic, which have no idle shutdown of their own: an app
# that does next to nothing for so many minutes is deleted, and with it its instance. Files stay; what a kernel holds in
# memory does not. A kernel that only waits, such as for a training job, is idle too.
# The execution role needs sagemaker:DeleteApp for the person's own apps.
set -eu

IDLE_MINUTES=120
# CPU seconds in a minute, of all processes together, from which on it is work.
BUSY_SECONDS=3

metadata="${RESOURCE_METADATA:-/opt/ml/metadata/resource-metadata.json}"
# Not in the home directory, which the apps share.
watcher="${TMPDIR:-/tmp}/studio-idle-shutdown"

if ! command -v aws >/dev/null || [ ! -r "$metadata" ]; then
  echo "without the AWS CLI and $metadata nothing can be stopped from here; this app runs until it is deleted"
  exit 0
fi

mkdir -p "$watcher"
cat >"$watcher/watch.sh" <<'WATCH'
#!/bin/bash
# Written anew whenever an app starts: changes here do not last.
set -u
minutes=$1 busy=$2 metadata=$3

member() {
  tr -d '\n' <"$metadata" | sed -n "s/.*\"$1\"[[:space:]]*:[[:space:]]*\"\([^\"]*\)\".*/\1/p"
}

# CPU seconds of everything that runs: fields 14 and 15 of proc(5), counted after the command's name, in ticks of 10 ms.
used() {
  cat /proc/[0-9]*/stat 2>/dev/null | awk '{ sub(/^.*\) /, ""); ticks += $12 + $13 } END { print int(ticks / 100) }'
}

stop() {
  local owner=(--user-profile-name "$(member UserProfileName)")
  if [ -n "$(member SpaceName)" ]; then
    owner=(--space-name "$(member SpaceName)")
  fi
  aws sagemaker delete-app --domain-id "$(member DomainId)" "${owner[@]}" \
    --app-type "$(member AppType)" --app-name "$(member ResourceName)"
}

idle=0
before=$(used)
while sleep 60; do
  now=$(used)
  # What ended meanwhile is gone from the sum: less is work as well.
  change=$((now > before ? now - before : before - now))
  before=$now
  if [ "$change" -ge "$busy" ]; then
    idle=0
  else
    idle=$((idle + 1))
  fi
  if [ "$idle" -ge "$minutes" ]; then
    stop && exit 0
    # Not allowed, or not now: after as long again.
    idle=0
  fi
done
WATCH

# One watcher is enough, also where the script runs again.
if [ -r "$watcher/pid" ] && kill -0 "$(cat "$watcher/pid")" 2>/dev/null; then
  exit 0
fi
nohup bash "$watcher/watch.sh" "$IDLE_MINUTES" "$BUSY_SECONDS" "$metadata" \
  </dev/null >"$watcher/log" 2>&1 &
echo $! >"$watcher/pid"
