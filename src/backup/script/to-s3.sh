#!/usr/bin/env bash
# Lifecycle script for the old domain: saves the home folder of whoever starts an app to S3, once a day, in the background.
# Nothing is deleted, and no archive is overwritten. A fault stops no app from starting; it is in the log, ~/.studio-to-s3.log.
#
#   to-s3.sh                as a lifecycle config
#   to-s3.sh --foreground   in a terminal: waits, and tells whether it worked
set -euo pipefail

# --- values ---
domain=d-old
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

# save FOLDER PLACE: an archive of what is in the folder, then the note that it is complete.
save() {
  local name status
  name=$(printf '%(%Y%m%dT%H%M%SZ)T' -1).tar.gz
  # tar says 1 where a file changed while it was read; the others are whole.
  {
    tar -C "$1" --one-file-system --exclude='./.studio-*-s3.*' --warning=no-file-ignored -cz . || {
      status=$?
      [[ $status == 1 ]] || exit "$status"
    }
  } | aws s3 cp --only-show-errors --expected-size 50000000000 - "s3://$2/$name" || return 1
  printf '%s' "$name" | aws s3 cp --only-show-errors - "s3://$2/latest" || return 1
  say "saved $1 as s3://$2/$name"
}

main() {
  local profile space place
  [[ $(fact DomainId) == "$domain" ]] || { say "refused: this app is not in $domain"; return 1; }
  profile=$(fact UserProfileName) || { say "refused: this app is nobody's own"; return 1; }
  space=$(fact SpaceName) || space=home
  place=$folder/$profile/$space
  if [[ -e $HOME/.studio-to-s3.done && -z $(find "$HOME/.studio-to-s3.done" -mmin +1440) ]]; then
    say "saved less than a day ago"
    return 0
  fi
  save "$HOME" "$place" || return 1
  # In JupyterLab and Code Editor, the home folder is the space's volume, and that of the file system is within.
  if [[ -d $HOME/user-default-efs ]]; then
    save "$HOME/user-default-efs" "$folder/$profile/efs" || return 1
  fi
  : >"$HOME/.studio-to-s3.done"
}

metadata=${RESOURCE_METADATA:-/opt/ml/metadata/resource-metadata.json}
if [[ ${1-} == --foreground ]]; then
  main
else
  main >>"$HOME/.studio-to-s3.log" 2>&1 </dev/null &
  disown
fi
