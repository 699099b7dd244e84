#!/usr/bin/env bash
# Run as root by weather-gateway-update.service: installs a signed release that lies in the drop directory, and judges the one
# on trial. A release is kept once it has sampled, stored and had a PUBACK, and then ran for a while without a restart. Otherwise
# the one before it comes back, whatever reboots and power cuts there are meanwhile.
#
# What the daemon wrote is not trusted: it is read with the daemon's own rights, copied, and the copy is verified. It is never
# executed before its signature has been.
# shellcheck disable=SC2015
set -euo pipefail
umask 022
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=systemd/releases.sh
. "$here/releases.sh"

drop=$data/update
incoming=$updates/incoming
results=$updates/results
trusted=$etc/allowed_signers
NAMESPACE=weather-gateway-release
SIGNER=releases
MAX_TEXT_BYTES=8192
# Left for readings and for the system, over what the update itself needs.
SPARE_BYTES=50000000
# An update that brings the machine down while it is installed is not tried again and again.
MAX_ATTEMPTS=3
MAX_RESTARTS=3
MAX_BOOTS=10
MAX_RESULTS=20
deadline_s=${DEADLINE_SECONDS:-3600}
settle_s=${SETTLE_SECONDS:-900}

say() { echo "update: $*"; }
as_daemon() {
  timeout 600 setpriv --reuid=weather-gateway --regid=weather-gateway --clear-groups --no-new-privs -- "$@"
}
version_of() { sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' "$1/package.json" | head -n 1; }
# To dpkg, as to npm, 1.0.0~rc.1 is before 1.0.0.
is_older() { dpkg --compare-versions "$(tr - '~' <<<"$1")" lt "$(tr - '~' <<<"$2")"; }

# Stands in $1 as a whole, on the disk, or not at all.
write_synced() { # file, text from stdin
  cat >"$1.new" && sync "$1.new" && mv -f "$1.new" "$1" && sync -f "$1"
}

# --- What others hear: src/remote/update-files.ts has the schema.

id=
version=
settled() { # state, step, reason
  local text
  # Words of ours, and of what was signed: nothing that JSON would have to escape.
  text=$(printf '%s' "${3:-}" | tr -cd '[:alnum:] .,:;/_()=+-')
  say "$id ${version:-without a version}: $1 at \"$2\"${text:+: $text}"
  mkdir -p "$results"
  printf '{"id":"%s","version":%s,"state":"%s","step":"%s","reason":%s}\n' \
    "$id" "${version:+\"}${version:-null}${version:+\"}" "$1" "$2" "${text:+\"}${text:-null}${text:+\"}" |
    write_synced "$results/$id.json" || say "the result could not be written"
  # shellcheck disable=SC2012
  ls -t "$results" | tail -n +$((MAX_RESULTS + 1)) | while read -r old; do rm -f -- "$results/$old"; done || true
}

# --- A request: copied, verified, unpacked.

refused=
# Ends the request: REJECTED where no repetition can help, FAILED where one may.
refuse() { # state, step, reason
  refused=yes
  settled "$@"
  return 1
}

# File $1 of the drop directory, read as the daemon's user, at most $2 bytes and one.
take() { as_daemon head -c $(($2 + 1)) -- "$drop/$1" >"$incoming/$1" 2>/dev/null; }

take_text() {
  take "$1" $MAX_TEXT_BYTES && [ "$(stat -c %s "$incoming/$1")" -le $MAX_TEXT_BYTES ] ||
    refuse FAILED copied "$1 is not there, or is too long"
}

refuse_unsigned() {
  command -v ssh-keygen >/dev/null || refuse FAILED verified "ssh-keygen is missing: sudo apt install openssh-client" || return
  [ -e "$trusted" ] || refuse REJECTED verified "no signer is allowed here: there is no $trusted" || return
  [ "$(stat -Lc '%u %a' "$trusted" | grep -c '^0 [0-7][0145][0145]$')" = 1 ] ||
    refuse REJECTED verified "$trusted is not root's alone to write" || return
  ssh-keygen -Y verify -f "$trusted" -I $SIGNER -n $NAMESPACE -s "$incoming/manifest.json.sig" \
    <"$incoming/manifest.json" >/dev/null 2>&1 ||
    refuse REJECTED verified "the signature is not one of an allowed signer for $NAMESPACE"
}

declare -A manifest
read_manifest() {
  local fields name value
  # shellcheck disable=SC2016
  fields=$(node -e '
    const version = /^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$/, whole = /^[1-9]\d{0,11}$/;
    const forms = { version, minimumVersion: version, sha256: /^[0-9a-f]{64}$/, size: whole, unpackedSize: whole,
      architecture: /^linux-[0-9a-z]+$/, glibc: /^\d+\.\d+$/, nodeAbi: whole, downgrade: /^(true|false)$/ };
    const manifest = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
    for (const [name, form] of Object.entries(forms)) {
      if (!form.test(String(manifest[name]))) process.exit(1);
      console.log(`${name}=${manifest[name]}`);
    }' "$incoming/manifest.json" 2>/dev/null) || refuse REJECTED verified "the manifest is not what this release reads" || return
  while IFS='=' read -r name value; do manifest[$name]=$value; done <<<"$fields"
  version=${manifest[version]}
}

refuse_unfit() {
  local running machine libc abi
  running=$(version_of "$program/current")
  machine=linux-$(node -p process.arch)
  abi=$(node -p process.versions.modules)
  libc=$(getconf GNU_LIBC_VERSION)
  [ "${manifest[architecture]}" = "$machine" ] ||
    refuse REJECTED verified "it is for ${manifest[architecture]}, this machine is $machine" || return
  [ "${manifest[nodeAbi]}" = "$abi" ] ||
    refuse REJECTED verified "it is for Node ABI ${manifest[nodeAbi]}, the Node.js here has $abi" || return
  ! is_older "${libc#glibc }" "${manifest[glibc]}" ||
    refuse REJECTED verified "it needs glibc ${manifest[glibc]}, here is ${libc#glibc }" || return
  [ "$version" != "$running" ] || refuse REJECTED verified "$version is what runs" || return
  [ "${manifest[downgrade]}" = true ] || ! is_older "$version" "$running" ||
    refuse REJECTED verified "it is older than $running, and its manifest does not allow that" || return
  ! is_older "$running" "${manifest[minimumVersion]}" ||
    refuse REJECTED verified "it can follow ${manifest[minimumVersion]} or later, and $running runs"
}

room_in() { df --output=avail -B1 "$1" | tail -n 1; }
refuse_without_room() {
  local needed=$((manifest[size] + manifest[unpackedSize] + SPARE_BYTES)) folder
  for folder in "$updates" "$program"; do
    [ "$(room_in "$folder")" -ge "$needed" ] ||
      refuse FAILED copied "the disk has no room: $((needed / 1000000)) MB are needed in $folder" || return
  done
}

take_archive() {
  take release.tar.gz "${manifest[size]}" || refuse FAILED copied "the archive cannot be read" || return
  [ "$(stat -c %s "$incoming/release.tar.gz")" = "${manifest[size]}" ] ||
    refuse FAILED verified "the archive has another size than its manifest says" || return
  [ "$(sha256sum <"$incoming/release.tar.gz")" = "${manifest[sha256]}  -" ] ||
    refuse FAILED verified "the archive has another hash than its manifest says"
}

# Only files and folders, below the folder where they are unpacked, no larger than the manifest says. Whoever holds the signing
# key could run code anyhow: this is for an archive that was made wrong.
refuse_odd_archive() {
  local listing
  listing=$(LC_ALL=C tar --list --verbose --numeric-owner -zf "$incoming/release.tar.gz" 2>/dev/null) ||
    refuse FAILED verified "the archive cannot be unpacked" || return
  # mode owner/group size date time name; mawk knows no {n}
  awk -v room="${manifest[unpackedSize]}" '
    { name = $0; for (i = 0; i < 5; i++) sub(/^[^ ]+ +/, "", name); bytes += $3 }
    $1 !~ /^[-d][r-][w-][x-][r-][w-][x-][r-][w-][x-]$/ { bad = 1 }
    name ~ /^\// || name ~ /(^|\/)\.\.(\/|$)/ || name ~ /\\/ || bytes > room { bad = 1 }
    END { exit bad }' <<<"$listing" ||
    refuse REJECTED verified "the archive holds links, devices, setuid files or names that lead elsewhere"
}

release=
unpack() {
  release=$(mktemp -d "$program/$(date -u +%Y%m%dT%H%M%SZ)-XXXXXX")
  tar --extract --no-same-owner --no-same-permissions -zf "$incoming/release.tar.gz" -C "$release" 2>/dev/null ||
    refuse FAILED unpacked "the archive could not be unpacked: the disk may be full" || return
  settle_ownership "$release"
  is_release "$release" && [ "$(version_of "$release")" = "$version" ] && [ -x "$release/dist/main.js" ] ||
    refuse REJECTED unpacked "the archive holds no release $version"
}

accept() {
  take_text manifest.json && take_text manifest.json.sig && refuse_unsigned && read_manifest && refuse_unfit &&
    refuse_without_room && take_archive && refuse_odd_archive && settled IN_PROGRESS verified && unpack
}

# Times that this request was begun, this time included.
count_attempt() {
  local before=0 known
  read -r known before 2>/dev/null <"$updates/attempts" && [ "$known" = "$id" ] || before=0
  echo "$id $((before + 1))" | write_synced "$updates/attempts" || say "the disk takes nothing"
  attempts=$((before + 1))
}

clear_request() {
  as_daemon rm -rf -- "$drop/request" "$drop/manifest.json" "$drop/manifest.json.sig" "$drop/release.tar.gz" 2>/dev/null || true
  rm -rf -- "$incoming" "$updates/attempts"
  # The path unit would start this again at once, without end.
  ! has_request || systemctl stop weather-gateway-update.path
}

has_request() { as_daemon test -e "$drop/request"; }

handle_request() {
  local attempts
  rm -rf -- "$incoming"
  # Where that fails the disk is full, and nothing can be taken.
  mkdir -m 700 -- "$incoming" || true
  id=$(as_daemon head -c 100 -- "$drop/request" 2>/dev/null | tr -d '\n') || true
  [[ $id =~ ^[A-Za-z0-9_-]{1,64}$ ]] || id=unnamed
  if [ -e "$updates/trial" ]; then
    # The power may have failed between the beginning of the trial and the end of its request.
    grep -qx "id=$id" "$updates/trial" || settled FAILED requested "another release is on trial"
    clear_request
    return
  fi
  # What a power cut left of the time before.
  remove_other_releases "$(readlink -e "$program/current")" "$(readlink -e "$program/committed")"
  count_attempt
  if [ "$attempts" -gt $MAX_ATTEMPTS ]; then
    settled FAILED installing "it was begun $MAX_ATTEMPTS times and never finished" && clear_request
    return
  fi
  settled IN_PROGRESS requested
  if accept; then
    begin_trial
    clear_request
    try_release
  else
    [ -z "$release" ] || rm -rf -- "$release"
    [ "$refused" = yes ] || settled FAILED installing "an error that the journal of weather-gateway-update names"
    clear_request
  fi
}

# --- The trial: a file of root says which release it is of, so that every boot knows.

declare -A trial
save_trial() {
  local name
  for name in "${!trial[@]}"; do echo "$name=${trial[$name]}"; done | write_synced "$updates/trial"
}
load_trial() {
  local name value
  while IFS='=' read -r name value; do trial[$name]=$value; done <"$updates/trial"
  id=${trial[id]}
  version=${trial[version]}
}
boot_id() { cat /proc/sys/kernel/random/boot_id; }
uptime_s() { cut -d. -f1 </proc/uptime; }

begin_trial() {
  sync -f "$release"
  trial=([id]=$id [version]=$version [release]=$release [previous]=$(readlink -e "$program/committed") [phase]=on
    [elapsed]=0 [boots]=0 [boot]=$(boot_id) [seen]=$(uptime_s) [reason]='')
  save_trial
}

try_release() {
  settled IN_PROGRESS restarting
  # The judge must be there before what it judges.
  systemctl restart weather-gateway-update.timer || { go_back "the timer that judges it does not start" && return; }
  put_on_trial
}

put_on_trial() {
  install_files "${trial[release]}" && switch_to "${trial[release]}" && systemctl restart weather-gateway &&
    settled IN_PROGRESS trial || go_back "the new release does not start"
}

go_back() { # reason
  trial[phase]=back
  trial[reason]=$1
  # Also where that cannot be written: what runs comes first.
  save_trial || say "the disk takes nothing"
  switch_to "${trial[previous]}" || { rm -rf -- "${trial[release]}" && switch_to "${trial[previous]}"; }
  install_files "${trial[previous]}" || say "not every file of the release before could be put back"
  systemctl restart weather-gateway || say "the release before does not start either"
  rm -rf -- "${trial[release]}"
  end_trial FAILED "$1"
}

keep() {
  # Otherwise the next look does the rest.
  commit_to "${trial[release]}" || { say "it cannot be committed now" && return; }
  remove_other_releases "${trial[release]}" "${trial[previous]}"
  end_trial SUCCEEDED ''
}

end_trial() { # state, reason
  settled "$1" committed "$2"
  rm -f "$updates/trial"
  sync -f "$updates"
  systemctl stop weather-gateway-update.timer
}

# Running time, not the clock: a station without a battery clock learns the time late, or never.
note_time() {
  local boot now
  boot=$(boot_id)
  now=$(uptime_s)
  if [ "$boot" = "${trial[boot]}" ]; then
    trial[elapsed]=$((trial[elapsed] + now - trial[seen]))
  else
    trial[elapsed]=$((trial[elapsed] + now))
    trial[boots]=$((trial[boots] + 1))
  fi
  trial[boot]=$boot
  trial[seen]=$now
  save_trial
}

# The largest that the person who installed the station set, or that was set from afar: a station that sends once an hour has its
# first PUBACK after an hour. The file of what was set from afar is the daemon's.
setting() {
  {
    sed '/^ *#/d' "$etc/gateway.yaml" || true
    as_daemon head -c 65536 -- "$data/remote-configuration.json" || true
  } 2>/dev/null | grep -aoP "\\b$1\"?: *\\K\\d{1,6}\\b" | sort -n | tail -n 1 || true
}
limit_s() {
  local interval send
  interval=$(setting intervalSeconds)
  send=$(setting sendSeconds)
  echo $((deadline_s + 2 * (10#${interval:-0} + 10#${send:-0})))
}

# What the daemon says of itself: it has sampled, stored and had a PUBACK, as this release in this boot. Believed, as it can at
# worst keep a release that was signed.
has_proof() {
  local proof
  proof=$(as_daemon head -c 4096 -- "$data/working.json" 2>/dev/null) || return
  [[ $proof == *"\"release\":\"${trial[release]}\""* && $proof == *"\"bootId\":\"${trial[boot]}\""* ]]
}

property() { systemctl show -p "$1" --value weather-gateway; }
# How long the service has run without a restart.
steady_s() {
  local since
  [ "$(property ActiveState)" = active ] || { echo 0 && return; }
  since=$(property ActiveEnterTimestampMonotonic)
  echo $(($(uptime_s) - ${since:-0} / 1000000))
}

judge() {
  local restarts
  load_trial
  [ "${trial[phase]}" = on ] || { go_back "${trial[reason]}" && return; }
  [ "$(readlink "$program/committed")" != "${trial[release]}" ] || { keep && return; }
  note_time || { go_back "the disk takes nothing, so that nobody could tell for how long it is on trial" && return; }
  [ "${trial[boots]}" -le $MAX_BOOTS ] || { go_back "the machine started $MAX_BOOTS times before it was kept" && return; }
  # The power failed before the switch, or before it was on the disk.
  [ "$(readlink "$program/current")" = "${trial[release]}" ] || { put_on_trial && return; }
  [ "$(property ActiveState)" != failed ] || { go_back "the service failed" && return; }
  restarts=$(property NRestarts)
  [ "${restarts:-0}" -lt $MAX_RESTARTS ] || { go_back "the service was restarted $restarts times" && return; }
  if has_proof; then
    [ "$(steady_s)" -lt "$settle_s" ] || { keep && return; }
    [ "${trial[elapsed]}" -lt "$(limit_s)" ] || go_back "the service never ran $settle_s s without a restart"
  else
    [ "${trial[elapsed]}" -lt "$(limit_s)" ] || go_back "it did not sample, store and have a PUBACK within $(limit_s) s"
  fi
}

[ "$(id -u)" = 0 ] || { echo "update.sh: must run as root" >&2 && exit 1; }
[ -e "$program/committed/dist/main.js" ] || { echo "update.sh: no release of install.sh is here" >&2 && exit 1; }
mkdir -p "$updates" "$results"
lock_within 300 || { say "install.sh is at work" && exit 1; }
if [ -e "$updates/trial" ]; then judge; fi
if has_request; then handle_request; fi
