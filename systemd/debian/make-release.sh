#!/usr/bin/env bash
# make-release.sh FOLDER PACKAGE.tgz [--key FILE] [--minimum-version VERSION] [--downgrade] [ARCHITECTURE...]
#
# Makes in FOLDER, out of the npm package and for arm64 and amd64, what `weather-gateway update` takes:
#   weather-gateway-VERSION-linux-ARCHITECTURE.tar.gz       the release, without links
#   weather-gateway-VERSION-linux-ARCHITECTURE.json, .sig   what it is, signed by ssh-keygen
# The key is --key or $RELEASE_KEY: a private key of OpenSSH, or a public one whose private key an agent holds.
#   --minimum-version   the oldest version that it may follow directly
#   --downgrade         it may also replace a newer one
# The same commit makes the same archive on the same Debian.
set -euo pipefail
umask 022
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=systemd/debian/stage.sh
. "$here/stage.sh"
NAMESPACE=weather-gateway-release

fail() {
  echo "make-release.sh: $*" >&2
  exit 1
}

folder=$(realpath -m -- "${1:?usage: make-release.sh FOLDER PACKAGE.tgz --key FILE [ARCHITECTURE...]}")
package=$(realpath -- "$2")
shift 2
key=${RELEASE_KEY:-}
# The first version that updates itself.
minimum=0.2.0
downgrade=false
architectures=()
while [ $# -gt 0 ]; do
  case $1 in
    --key) key=${2:?--key FILE} && shift ;;
    --minimum-version) minimum=${2:?--minimum-version VERSION} && shift ;;
    --downgrade) downgrade=true ;;
    -*) fail "unknown option $1" ;;
    *) architectures+=("$1") ;;
  esac
  shift
done
[ ${#architectures[@]} -gt 0 ] || architectures=(arm64 amd64)
command -v ssh-keygen >/dev/null || fail "ssh-keygen is missing: apt install openssh-client"
[ -n "$key" ] || fail "no key to sign with: --key FILE, or \$RELEASE_KEY"
[ -f "$key" ] || fail "there is no key $key"
SOURCE_DATE_EPOCH=$(git -C "$here" log -1 --format=%ct)

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$folder"

# The newest glibc that a binary of release $1 asks for.
glibc_of() {
  find "$1" -name '*.node' -exec grep -aoh 'GLIBC_2\.[0-9]*' {} + | sed 's/GLIBC_//' | sort -Vu | tail -n 1
}

make() { # Debian's architecture
  local release=$scratch/$1/release version architecture archive manifest
  stage_for "$1" "$release" "$package" >&2
  # Commands of packages, which nobody runs; the station takes no links.
  find "$release" -name .bin -prune -exec rm -r {} +
  version=$(node -p 'require(process.argv[1]).version' "$release/package.json")
  architecture=linux-$(case $1 in amd64) echo x64 ;; *) echo "$1" ;; esac)
  archive=$folder/weather-gateway-$version-$architecture.tar.gz
  manifest=${archive%.tar.gz}.json
  tar --create --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX,a-st \
    --hard-dereference -C "$release" . | gzip -9n >"$archive"
  cat >"$manifest" <<MANIFEST
{
  "version": "$version",
  "minimumVersion": "$minimum",
  "downgrade": $downgrade,
  "architecture": "$architecture",
  "glibc": "$(glibc_of "$release")",
  "nodeAbi": $(node -p process.versions.modules),
  "size": $(stat -c %s "$archive"),
  "unpackedSize": $(find "$release" -type f -printf '%s\n' | awk '{ bytes += $1 } END { print bytes }'),
  "sha256": "$(sha256sum <"$archive" | cut -d' ' -f1)"
}
MANIFEST
  # ssh-keygen never writes over a signature.
  rm -f "$manifest.sig"
  ssh-keygen -q -Y sign -f "$key" -n $NAMESPACE "$manifest" 2>&1 | grep -v '^Signing file\|^Write signature' >&2 || true
  [ -s "$manifest.sig" ] || fail "$key signed nothing"
}

for architecture in "${architectures[@]}"; do make "$architecture"; done
ls -l "$folder"/weather-gateway-*-linux-*
