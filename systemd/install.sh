#!/usr/bin/env bash
# Installs, upgrades or removes weather-gateway on 64-bit Raspberry Pi OS (or Debian).
#
#   install.sh [PACKAGE.tgz]               install or upgrade, enable, start; without PACKAGE out of this clone
#   install.sh --stage DIR [PACKAGE.tgz]   only make a release in DIR, for a station without a network
#   install.sh --release DIR               install a copy of a release that --stage made on a machine of the same kind
#   install.sh --uninstall [--purge]       remove the program; with --purge also configuration, key and data
#
# A release is complete and on the disk before it is switched to; the old one comes back when the new one does not
# start. An upgrade never touches readings, configuration and key.
set -euo pipefail
# The service, which is another user, reads what root makes here.
umask 022
# A set CDPATH makes `cd` print and go elsewhere.
unset CDPATH

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=systemd/releases.sh
. "$here/systemd/releases.sh"

fail() {
  echo "install.sh: $*" >&2
  exit 1
}

refuse_unfit_machine() {
  [ "$(getconf LONG_BIT)" = 64 ] ||
    fail "this is a 32-bit system, for which the AWS IoT SDK has no build; install 64-bit Raspberry Pi OS (runs on Zero 2 W, 3, 4 and 5)"
}

refuse_users() {
  [ "$(id -u)" = 0 ] || fail "must run as root: sudo $0"
}

refuse_beside_package() {
  [ "$(dpkg-query --show --showformat='${db:Status-Status}' weather-gateway 2>/dev/null)" != installed ] ||
    fail "the Debian package is installed here: upgrade that, or remove it first (sudo apt remove weather-gateway), which keeps configuration, key and readings"
}

# Installs the Debian package of each missing command of the list COMMAND:PACKAGE, and checks the version of Node.js.
install_missing_packages() {
  local missing=() pair
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair##*:}")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    [ "$(id -u)" = 0 ] || fail "missing: ${missing[*]} (apt-get install ${missing[*]})"
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
  fi
  node -e 'const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' ||
    fail "Node.js $(node --version) is too old: 20.19 or later is needed, as in Debian 13 and Raspberry Pi OS of the same name"
}

lock_or_fail() {
  lock_within 0 || fail "another install.sh is at work on this machine"
}

needed_to_run=(node:nodejs gpiomon:gpiod)
needed_to_build=("${needed_to_run[@]}" npm:npm g++:g++ make:make python3:python3)

# Removes from release $1 what nobody runs, which is a third of it: binaries of other systems, what the compiler left, and
# types, tests and examples of the packages.
prune() {
  local modules=$1/node_modules platform addon
  platform=linux-${npm_config_arch:-$(node -p process.arch)}
  find "$modules/aws-crt/dist/bin" "$modules/classic-level/prebuilds" \
    -mindepth 1 -maxdepth 1 -type d ! -name "$platform" ! -name "$platform-glibc" -exec rm -r {} + 2>/dev/null || true
  for addon in i2c-bus epoll; do
    [ ! -d "$modules/$addon/build" ] || find "$modules/$addon/build" \( -name obj.target -o -type f ! -name '*.node' \) -prune -exec rm -r {} +
  done
  find "$modules" \( -name '*.musl.node' -o -name '*.[cm]ts' -o -name '*.ts' -o -name '*.map' -o -name '*.html' -o -name '*.py' \
    -o -name '.*' ! -name .package-lock.json ! -name .bin -o -name nan -o -path '*/classic-level/deps' -o -regextype posix-extended \
    -regex '.*/node_modules/(@[^/]*/)?[^/]*/(tests?|examples?|spec|integration(-test)?|benchmarks?|dist\.browser)' \
    \) -prune -exec rm -rf {} +
  find "$modules" -type d -empty -delete
}

# Makes a release in $1 out of package $2, or out of the clone.
stage() {
  local target=$1 package=${2:-} scratch
  if [ -e "$target" ] && ! is_release "$target" && [ -n "$(ls -A -- "$target")" ]; then
    fail "$target holds something else than a release; name a new or an empty folder"
  fi
  [ -z "$package" ] || [ -f "$package" ] || fail "there is no package $package"
  scratch=$(mktemp -d)
  if [ -z "$package" ]; then
    [ -d "$here/node_modules/typescript" ] || (cd "$here" && npm ci --ignore-scripts --no-audit --no-fund)
    (cd "$here" && npm pack --ignore-scripts=false --silent --pack-destination "$scratch" >/dev/null)
    package=$(echo "$scratch"/*.tgz)
  fi
  rm -rf -- "$target"
  mkdir -p -- "$target"
  # A colon in the name would mean another host.
  tar --force-local -xzf "$package" --strip-components=1 --no-same-owner -C "$target"
  rm -rf "$scratch"
  is_release "$target" || fail "$package is no package of weather-gateway"
  # Builds the addons for the buses, whatever npm is told elsewhere; other native packages bring their binaries.
  (cd "$target" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund &&
    npm rebuild --ignore-scripts=false --foreground-scripts=false epoll i2c-bus)
  chmod +x "$target/dist/main.js"
  prune "$target"
}

# A copy of the release in $1 that root owns and that is on the disk: whoever made $1 cannot change what runs, and the
# service cannot see /home. Prints its folder.
copy_release() {
  local copy
  is_release "$1" || fail "$1 holds no release: make one with --stage"
  mkdir -p "$program"
  copy=$(mktemp -d "$program/$(date -u +%Y%m%dT%H%M%SZ)-XXXXXX")
  cp -R --preserve=mode,timestamps -- "$1/." "$copy/"
  settle_ownership "$copy"
  echo "$copy"
}

enable_i2c() {
  if [ ! -e /dev/i2c-1 ] && command -v raspi-config >/dev/null; then
    raspi-config nonint do_i2c 0
  fi
}

# Whoever wants another time, or none, has it in a file of /etc/systemd/system.conf.d that sorts behind this one.
watchdog=/etc/systemd/system.conf.d/60-weather-gateway-watchdog.conf
put_watchdog() {
  if [ -e /dev/watchdog0 ] && [ -e "$1/systemd/${watchdog##*/}" ]; then
    install -D -m 644 "$1/systemd/${watchdog##*/}" "$watchdog"
  fi
}

explain_first_steps() {
  cat <<TEXT

It measures already; what it still needs to reach the cloud:
  1. sudo systemctl stop weather-gateway && sudo weather-gateway setup
     asks for station, aws.endpoint, and what is wired; writes $etc/gateway.yaml
  2. the certificate for $etc/device.csr, as said above, at $etc/device.pem
  3. sudo weather-gateway check         prints what is still wrong
  4. sudo systemctl restart weather-gateway && sudo weather-gateway doctor
TEXT
}

activate() {
  local release=$1 previous
  previous=$(readlink -e "$program/current" || true)
  put_watchdog "$release"
  # systemd reads all units anew here. Nothing has to wait for that again until they have changed: it takes seconds on a Pi.
  install_files "$release"
  enable_i2c
  switch_to "$release"
  systemctl enable --quiet --no-reload weather-gateway weather-gateway-claim
  # Jobs may then reboot the machine; a release that is older has no such unit.
  [ ! -e "$release/systemd/weather-gateway-reboot.path" ] ||
    systemctl enable --quiet --no-reload --now weather-gateway-reboot.path
  # Also where a power cut came between the key and its request.
  [ -e "$etc/device.key" ] && { [ -e "$etc/device.csr" ] || [ -e "$etc/device.pem" ]; } || weather-gateway enroll || true
  if ! systemctl restart weather-gateway; then
    [ -n "$previous" ] && [ "$previous" != "$release" ] ||
      fail "did not start: weather-gateway check, and journalctl -u weather-gateway"
    switch_to "$previous"
    install_files "$previous"
    systemctl restart weather-gateway || true
    rm -rf -- "$release"
    fail "the new release did not start, the previous one is back: journalctl -u weather-gateway"
  fi
  echo "weather-gateway $(weather-gateway --version) runs."
  weather-gateway check || explain_first_steps
  end_trial
  commit_to "$release"
  remove_other_releases "$release" "$previous"
}

# A release that is on trial is judged no more once another one is installed by hand.
end_trial() {
  local result
  if [ -e "$updates/trial" ]; then
    result=$updates/results/$(sed -n 's/^id=//p' "$updates/trial").json
    [ ! -e "$result" ] ||
      sed -i 's/"state":"[^"]*"/"state":"FAILED"/; s/"reason":null/"reason":"a release was installed by hand meanwhile"/' "$result"
    rm -f "$updates/trial"
  fi
  systemctl stop weather-gateway-update.timer 2>/dev/null || true
}

uninstall() {
  systemctl disable --now --quiet --no-reload weather-gateway-update.path weather-gateway-update.timer 2>/dev/null || true
  systemctl disable --now --quiet --no-reload weather-gateway weather-gateway-claim weather-gateway-reboot.path 2>/dev/null || true
  rm -rf "$program" /usr/local/bin/weather-gateway "$updates"
  rm -f "$units/weather-gateway.service" "$units/weather-gateway-claim.service" "${update_units[@]/#/$units/}"
  rm -f "$units"/weather-gateway-reboot.{path,service}
  rm -f /etc/udev/rules.d/60-weather-gateway.rules /etc/sysusers.d/weather-gateway.conf "$watchdog"
  systemctl daemon-reload
  if [ "${1:-}" = --purge ]; then
    rm -rf "$etc" "$data"
    userdel weather-gateway 2>/dev/null || true
    echo "Removed, with configuration, key and readings."
  else
    echo "Removed. Kept: $etc and $data (--uninstall --purge removes them)."
  fi
}

case ${1:-} in
  -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" ;;
  --uninstall)
    refuse_users
    lock_or_fail
    uninstall "${2:-}"
    ;;
  --stage)
    refuse_unfit_machine
    install_missing_packages "${needed_to_build[@]}"
    stage "${2:?--stage DIR}" "${3:-}"
    ;;
  --release)
    refuse_unfit_machine
    refuse_users
    refuse_beside_package
    lock_or_fail
    install_missing_packages "${needed_to_run[@]}"
    release=$(copy_release "${2:?--release DIR}")
    activate "$release"
    ;;
  -*) fail "unknown option $1 (--help)" ;;
  *)
    refuse_unfit_machine
    refuse_users
    refuse_beside_package
    lock_or_fail
    install_missing_packages "${needed_to_build[@]}"
    release="$program/$(date -u +%Y%m%dT%H%M%SZ)"
    stage "$release" "${1:-}"
    settle_ownership "$release"
    activate "$release"
    ;;
esac
