# Sourced in the test machine after station.sh: a station that takes updates, of which $FOLDER has several.
program=/opt/weather-gateway
updates=/var/lib/weather-gateway-update
# The shipped 900 s and an hour, so that the test need not wait so long.
mkdir -p /etc/systemd/system/weather-gateway-update.service.d
printf '[Service]\nEnvironment=SETTLE_SECONDS=%s DEADLINE_SECONDS=%s\n' "${SETTLE:-60}" "${DEADLINE:-120}" \
  >/etc/systemd/system/weather-gateway-update.service.d/vm.conf
cp "$FOLDER/allowed_signers" $etc/

version_of() { sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' "$program/$1/package.json"; }
# For whoever asks again and again: Node.js takes seconds here, and comes before the unit, which is nice.
is_current() { [ "$(version_of current)" = "$1" ]; }
runs() { [ "$(weather-gateway --version)" = "$1" ]; }
releases() { find $program -mindepth 1 -maxdepth 1 -type d | wc -l; }
answers() { # version, pattern of the last line
  local said
  said=$(weather-gateway update "$FOLDER/update-$1.tar.gz" 2>&1) || true
  tail -n 1 <<<"$said" | grep -E "$2" || { echo "$said" && return 1; }
}
# The document of a job.
update_to() { echo "{\"verb\":\"update\",\"release\":\"$1\"}"; }
