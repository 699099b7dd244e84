# Sourced by install.sh and update.sh: how a release gets in place.
#   current    what runs
#   committed  what is known to work: runs the updater, and comes back when a release on trial fails
# shellcheck shell=bash disable=SC2015,SC2034
program=/opt/weather-gateway
etc=/etc/weather-gateway
data=/var/lib/weather-gateway
# Root's own state: what is on trial, and what became of updates.
updates=/var/lib/weather-gateway-update
units=/etc/systemd/system
update_units=(weather-gateway-update.service weather-gateway-update.path weather-gateway-update.timer)
lock=/run/lock/weather-gateway-install

# Whether folder $1 is a release of this program.
is_release() {
  [ -e "$1/dist/main.js" ] && grep -q '"name": *"weather-gateway"' "$1/package.json" 2>/dev/null
}

# Whatever umask, owner or mode bits it was made with: root owns it, everybody reads it, nothing is setuid.
settle_ownership() {
  chown -hR 0:0 -- "$1"
  chmod -R u=rwX,go=rX,a-st -- "$1"
}

# File $1 as $2: the old file or the new one, complete, whatever the power and the room on the disk do meanwhile.
put() {
  cmp -s -- "$1" "$2" && return
  install -D -m 644 -- "$1" "$2.new" && sync "$2.new" && mv -f -- "$2.new" "$2" && return
  rm -f -- "$2.new"
  return 1
}

# All that can be put is put, also where one of the files cannot.
install_files() {
  local release=$1 failed=0
  put "$release/systemd/weather-gateway.sysusers" /etc/sysusers.d/weather-gateway.conf || failed=1
  systemd-sysusers || failed=1
  put "$release/systemd/60-weather-gateway.rules" /etc/udev/rules.d/60-weather-gateway.rules || failed=1
  udevadm control --reload || failed=1
  udevadm trigger --action=add --subsystem-match=gpio --subsystem-match=i2c-dev || failed=1
  udevadm settle || true
  put "$release/systemd/weather-gateway.service" "$units/weather-gateway.service" || failed=1
  # A release from before the claim has none.
  [ ! -e "$release/systemd/weather-gateway-claim.service" ] ||
    put "$release/systemd/weather-gateway-claim.service" "$units/weather-gateway-claim.service" || failed=1
  local unit
  for unit in weather-gateway-reboot.path weather-gateway-reboot.service; do
    # Nor has one from before jobs.
    [ ! -e "$release/systemd/$unit" ] || put "$release/systemd/$unit" "$units/$unit" || failed=1
  done
  install -d -m 755 "$etc"
  put "$release/config/gateway.schema.json" "$etc/gateway.schema.json" || failed=1
  # The file may hold the token of the dashboard.
  [ -e "$etc/gateway.yaml" ] ||
    install -m 640 -g weather-gateway "$release/config/gateway.yaml" "$etc/gateway.yaml" || failed=1
  systemctl daemon-reload && return $failed
}

# Link $1 names folder $2, on the disk, before anything else follows.
link_to() {
  ln -sfn "$2" "$program/next" && mv -T "$program/next" "$program/$1" && sync -f "$program"
}

# A power cut leaves either the old release or the new one, complete: the files of the release are on the disk before the
# link names them.
switch_to() {
  sync -f "$1" && link_to current "$1" || return
  install -d /usr/local/bin
  ln -sfn "$program/current/dist/main.js" /usr/local/bin/weather-gateway
}

# Release $1 works: it comes back from now on, and its updater judges the next one. An older release may have no updater.
commit_to() {
  local release=$1 unit
  [ -e "$release/systemd/update.sh" ] || return 0
  mkdir -p "$updates/results" && link_to committed "$release" || return
  for unit in "${update_units[@]}"; do put "$release/systemd/$unit" "$units/$unit" || return; done
  # The timer starts only where a release is on trial.
  systemctl daemon-reload && systemctl enable --quiet --no-reload weather-gateway-update.timer &&
    systemctl enable --quiet --no-reload --now weather-gateway-update.path
}

# Only what runs and what ran before it is kept.
remove_other_releases() {
  local folder
  for folder in "$program"/*/; do
    folder=${folder%/}
    # Quoted, so that a name with [1] is no pattern.
    [ -L "$folder" ] || [ "$folder" = "$1" ] || [ "$folder" = "$2" ] || rm -rf --one-file-system -- "$folder"
  done
}

# Only one of install.sh and update.sh works at a time; the lock goes with the process. $1 is how long to wait, s.
lock_within() {
  mkdir -p "$(dirname "$lock")"
  exec 9>"$lock"
  flock --wait "$1" 9
}
