#!/usr/bin/env bash
# build.sh FOLDER PACKAGE.tgz [ARCHITECTURE...]: makes weather-gateway_VERSION_ARCHITECTURE.deb in FOLDER out of the npm
# package, for arm64 and amd64. Needs Debian with debhelper, help2man and a compiler for each architecture (g++-aarch64-linux-gnu).
# The same commit makes the same bytes on the same Debian.
set -euo pipefail
umask 022
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
folder=$(realpath -m -- "${1:?usage: build.sh FOLDER PACKAGE.tgz [ARCHITECTURE...]}")
package=$(realpath -- "$2")
shift 2
[ $# -gt 0 ] || set -- arm64 amd64
version=$(node -p 'require(process.argv[1]).version' "$here/../../package.json")
SOURCE_DATE_EPOCH=$(git -C "$here" log -1 --format=%ct)
export SOURCE_DATE_EPOCH

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$folder"

# shellcheck source=systemd/debian/stage.sh
. "$here/stage.sh"

build() { # architecture
  local source=$scratch/$1/weather-gateway-$version
  mkdir -p "$source"
  stage_for "$1" "$source/release" "$package"
  cp -R "$here" "$source/debian"
  cp "$here/../../LICENSE" "$source/debian/copyright"
  ln -s "$source/release/dist/main.js" "$scratch/$1/weather-gateway"
  help2man --no-info --name="$(sed -n 's/^Description: //p' "$here/control")" "$scratch/$1/weather-gateway" >"$source/debian/weather-gateway.1"
  mkdir -p "$source/debian/sysusers.d"
  cp "$source/release/systemd/weather-gateway.sysusers" "$source/debian/sysusers.d/weather-gateway.conf"
  cp "$source/release/systemd/60-weather-gateway.rules" "$source/debian/weather-gateway.udev"
  sed 's|/usr/local/bin/|/usr/bin/|' "$source/release/systemd/weather-gateway.service" >"$source/debian/weather-gateway.service"
  # Installed as it is; debhelper enables what it finds in the package.
  mkdir -p "$source/debian/system" "$source/debian/system.conf.d"
  cp "$source/release/systemd/60-weather-gateway-watchdog.conf" "$source/debian/system.conf.d/"
  sed 's|/usr/local/bin/|/usr/bin/|' "$source/release/systemd/weather-gateway-claim.service" >"$source/debian/system/weather-gateway-claim.service"
  cp "$source/release/systemd/weather-gateway-reboot.service" "$source/debian/system/"
  cp "$source/release/systemd/weather-gateway-reboot.path" "$source/debian/weather-gateway.weather-gateway-reboot.path"
  find "$source/release/systemd" -type f ! -name first-light.sh -delete
  cat >"$source/debian/changelog" <<CHANGELOG
weather-gateway ($version) trixie; urgency=medium

  * Release $version; its own CHANGELOG.md says what changes.

 -- The weather-gateway authors <maintainers@weather-gateway.invalid>  $(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")
CHANGELOG
  (cd "$source" && dpkg-buildpackage -a"$1" --build=binary --no-sign -d)
  mv "$scratch/$1"/*.deb "$folder/"
}

for architecture in "$@"; do build "$architecture"; done
ls -l "$folder"/weather-gateway_"$version"_*.deb
