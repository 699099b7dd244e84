#!/usr/bin/env bash
# Puts libgpiod 2 of Debian 13 into FOLDER, for an older Debian: FOLDER/bin comes first in PATH. Nothing is installed.
# The packages are those that apt fetches and verifies, from where this machine has its own.
set -euo pipefail
folder=$(realpath -m "${1:?usage: fetch-libgpiod2.sh FOLDER}")
packages="gpiod libgpiod3 libc6 libedit2 libbsd0 libtinfo6 libmd0"

site() {
  # shellcheck disable=SC2016 # apt's variables
  apt-get indextargets --format '$(LABEL)|$(SITE)' 'Created-By: Packages' | sed -n 's/^Debian|//p' | sed -n 1p
}
[ -n "$(site)" ] || apt-get update -q
[ -n "$(site)" ] || { echo "fetch-libgpiod2.sh: apt knows no site of Debian" >&2 && exit 1; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/debs"
touch "$work/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(site) trixie main" >"$work/sources.list"
cat >"$work/apt.conf" <<CONF
Dir::Etc::SourceList "$work/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State::Lists "$work/lists";
Dir::State::status "$work/status";
Dir::Cache "$work/cache";
APT::Sandbox::User "root";
Acquire::Retries "3";
Acquire::Languages "none";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
CONF
export APT_CONFIG=$work/apt.conf
apt-get update -q
# shellcheck disable=SC2086
(cd "$work/debs" && apt-get download -q $packages)

rm -rf "$folder"
mkdir -p "$folder/root" "$folder/bin"
for package in "$work"/debs/*.deb; do dpkg-deb -x "$package" "$folder/root"; done
machine=$(uname -m)-linux-gnu
loader=$(find "$folder/root" -name 'ld-linux-*' | sed -n 1p)
for tool in gpiodetect gpiomon gpioset; do
  cat >"$folder/bin/$tool" <<WRAPPER
#!/bin/sh
exec $loader --library-path $folder/root/usr/lib/$machine $folder/root/usr/bin/$tool "\$@"
WRAPPER
  chmod +x "$folder/bin/$tool"
done
"$folder/bin/gpiomon" --version
