#!/usr/bin/env bash
# Installs, upgrades or removes weather-gateway on 64-bit Raspberry Pi OS (or Debian).
#
#   install.sh [PACKAGE.tgz]               install or upgrade, enable, start; without PACKAGE out of this clone
#   install.sh --stage DIR [PACKAGE.tgz]   only make a release in DIR, for a station without a network
#   install.sh --release DIR               install a release that --stage made on a machine of the same kind
#   install.sh --uninstall [--purge]       remove the program; with --purge also configuration, key and data
#
# A release is whole before it is switched to, and the old one comes back when the new one does not start.
# Readings, configuration and key are never touched by an upgrade.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
program=/opt/weather-gateway
etc=/etc/weather-gateway
data=/var/lib/weather-gateway

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

# Name of the Debian package for each command that is missing.
install_missing_packages() {
  local missing=() pair
  for pair in node:nodejs npm:npm gpiomon:gpiod g++:g++ make:make python3:python3; do
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

# Makes a release in $1 out of package $2, or out of the clone.
stage() {
  local target=$1 package=${2:-} scratch
  scratch=$(mktemp -d)
  if [ -z "$package" ]; then
    [ -d "$here/node_modules/typescript" ] || (cd "$here" && npm ci --ignore-scripts --no-audit --no-fund)
    (cd "$here" && npm pack --ignore-scripts=false --silent --pack-destination "$scratch" >/dev/null)
    package=$(echo "$scratch"/*.tgz)
  fi
  rm -rf "$target"
  mkdir -p "$target"
  tar -xzf "$package" --strip-components=1 --no-same-owner -C "$target"
  rm -rf "$scratch"
  # Builds the addons for the buses, whatever npm is told elsewhere.
  (cd "$target" && npm ci --omit=dev --ignore-scripts=false --no-audit --no-fund)
  chmod +x "$target/dist/main.js"
}

install_files() {
  local release=$1
  install -D -m 644 "$release/systemd/weather-gateway.sysusers" /etc/sysusers.d/weather-gateway.conf
  systemd-sysusers
  install -D -m 644 "$release/systemd/60-weather-gateway.rules" /etc/udev/rules.d/60-weather-gateway.rules
  udevadm control --reload
  udevadm trigger --action=add --subsystem-match=gpio --subsystem-match=i2c-dev
  udevadm settle || true
  install -D -m 644 "$release/systemd/weather-gateway.service" /etc/systemd/system/weather-gateway.service
  install -d -m 755 "$etc"
  install -m 644 "$release/config/gateway.schema.json" "$etc/gateway.schema.json"
  # The file may hold the token of the dashboard.
  [ -e "$etc/gateway.yaml" ] ||
    install -m 640 -g weather-gateway "$release/config/gateway.yaml" "$etc/gateway.yaml"
  systemctl daemon-reload
}

enable_i2c() {
  if [ ! -e /dev/i2c-1 ] && command -v raspi-config >/dev/null; then
    raspi-config nonint do_i2c 0
  fi
}

switch_to() {
  ln -sfn "$1" "$program/next"
  mv -T "$program/next" "$program/current"
  install -d /usr/local/bin
  ln -sfn "$program/current/dist/main.js" /usr/local/bin/weather-gateway
}

explain_first_steps() {
  cat <<TEXT

It measures already; what it still needs to reach the cloud:
  1. sudo nano $etc/gateway.yaml        station, aws.endpoint, and what is wired
  2. the certificate for $etc/device.csr, as said above, at $etc/device.pem
  3. sudo weather-gateway check         prints what is still wrong
  4. sudo systemctl restart weather-gateway && sudo weather-gateway doctor
TEXT
}

activate() {
  local release previous
  release=$(realpath "$1")
  [ -e "$release/dist/main.js" ] || fail "$release holds no release: make one with --stage"
  previous=$(readlink -e "$program/current" || true)
  install_files "$release"
  enable_i2c
  switch_to "$release"
  systemctl enable --quiet weather-gateway
  [ -e "$etc/device.key" ] || weather-gateway enroll || true
  if ! systemctl restart weather-gateway; then
    [ -n "$previous" ] && [ "$previous" != "$release" ] ||
      fail "did not start: weather-gateway check, and journalctl -u weather-gateway"
    switch_to "$previous"
    install_files "$previous"
    systemctl restart weather-gateway || true
    fail "the new release did not start, the previous one is back: journalctl -u weather-gateway"
  fi
  echo "weather-gateway $(weather-gateway --version) runs."
  weather-gateway check || explain_first_steps
  # Only what runs and what ran before it is kept.
  find "$program" -mindepth 1 -maxdepth 1 -type d ! -path "$release" ! -path "${previous:-$release}" -exec rm -rf {} +
}

uninstall() {
  systemctl disable --now --quiet weather-gateway 2>/dev/null || true
  rm -rf "$program" /usr/local/bin/weather-gateway
  rm -f /etc/systemd/system/weather-gateway.service /etc/udev/rules.d/60-weather-gateway.rules
  rm -f /etc/sysusers.d/weather-gateway.conf
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
    uninstall "${2:-}"
    ;;
  --stage)
    refuse_unfit_machine
    install_missing_packages
    stage "${2:?--stage DIR}" "${3:-}"
    ;;
  --release)
    refuse_unfit_machine
    refuse_users
    activate "${2:?--release DIR}"
    ;;
  -*) fail "unknown option $1 (--help)" ;;
  *)
    refuse_unfit_machine
    refuse_users
    install_missing_packages
    release="$program/$(date -u +%Y%m%dT%H%M%SZ)"
    stage "$release" "${1:-}"
    activate "$release"
    ;;
esac
