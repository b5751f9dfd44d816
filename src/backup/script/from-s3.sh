#!/usr/bin/env bash
# Lifecycle script for the new domain: brings the home folder of whoever starts an app back from S3, once, in the background.
# Nothing is deleted, and what is there already stays as it is. A fault stops no app from starting; it is in the log,
# ~/.studio-from-s3.log, and the next start tries again.
#
#   from-s3.sh                as a lifecycle config
#   from-s3.sh --foreground   in a terminal: waits, and tells whether it worked
set -euo pipefail

# --- values ---
old_domain=d-old
folder=bucket/prefix/d-old
# --- end of values ---

say() {
  printf '%(%Y-%m-%dT%H:%M:%S%z)T %s\n' -1 "$*"
}

# A member of the app's own description, if it is a plain name.
fact() {
  local value
  value=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get(sys.argv[2], ""))' "$metadata" "$1")
  [[ $value =~ ^[a-zA-Z0-9-]{1,63}$ ]] && printf '%s' "$value"
}

# restore FOLDER PLACE: the last complete archive, over nothing that is there.
restore() {
  local name
  if ! name=$(aws s3 cp --only-show-errors "s3://$2/latest" -); then
    say "nothing was saved at s3://$2, or it may not be read"
    return 1
  fi
  [[ $name =~ ^[0-9]{8}T[0-9]{6}Z\.tar\.gz$ ]] || { say "refused: s3://$2/latest names no archive"; return 1; }
  aws s3 cp --only-show-errors "s3://$2/$name" - |
    tar -C "$1" --skip-old-files --no-same-owner -xz || return 1
  say "brought s3://$2/$name back to $1"
}

main() {
  local profile space
  profile=$(fact UserProfileName) || { say "refused: this app is nobody's own"; return 1; }
  space=$(fact SpaceName) || space=home
  if [[ -e $HOME/.studio-from-s3.done ]]; then
    say "brought back before"
    return 0
  fi
  say "what $profile had in $old_domain"
  restore "$HOME" "$folder/$profile/$space" || return 1
  if [[ -d $HOME/user-default-efs && ! -e $HOME/user-default-efs/.studio-from-s3.done ]]; then
    restore "$HOME/user-default-efs" "$folder/$profile/efs" || return 1
    : >"$HOME/user-default-efs/.studio-from-s3.done"
  fi
  : >"$HOME/.studio-from-s3.done"
}

metadata=${RESOURCE_METADATA:-/opt/ml/metadata/resource-metadata.json}
if [[ ${1-} == --foreground ]]; then
  main
else
  main >>"$HOME/.studio-from-s3.log" 2>&1 </dev/null &
  disown
fi
