# Run in the test machine under its systemd: configuration from afar, and updates by jobs beside it.
DEADLINE=3600
. test/vm/guest/station.sh
. test/vm/guest/updates.sh
# The time is that of a host which may be busy.
printf '[Service]\nTimeoutStartSec=15min\n' >/etc/systemd/system/$unit.service.d/vm.conf
judge_after() { # seconds
  sed -i "s/SETTLE_SECONDS=[0-9]*/SETTLE_SECONDS=$1/" /etc/systemd/system/weather-gateway-update.service.d/vm.conf
  systemctl daemon-reload
}
says() { # pattern
  weather-gateway check | grep -E "$1"
}
values() { check "values-$1" arrives 120 '"windintensity":[1-9]'; }

# Where the disk can be full without the rest of the machine.
mkdir -p $program
mount -t tmpfs -o size=300m none $program
check installed systemd/install.sh --release /run/disk/release || exit 1
. test/vm/guest/cloud.sh
values at-first
check greets reports 120 '"release","0\.2\.0"'
tip 2

# A good one, which is applied by a restart and reported once a reading was delivered
main=$(property MainPID)
good='{"reporting":{"intervalSeconds":2},"sensors":{"windVane":{"northOffsetDegrees":9}}}'
want good "$good"
check good-is-on-trial reports 240 '"state","trial"'
good_since=$SECONDS
check good-is-reported reports 5 '"configuration",.*"id":"good"'
check good-restarted [ "$(property MainPID)" != "$main" ]
check good-is-run-by arrives 60 '"winddirection":99'
check good-is-shown says 'reporting.intervalSeconds: 2 from afar, on trial; the file has 3'
main=$(property MainPID)

# Bad ones, which are refused without a restart
want other-cloud '{"aws":{"endpoint":"evil.example"}}'
check other-cloud-is-refused reports 60 '"problem",.*"id":"other-cloud","path":"aws"'
want too-fast '{"reporting":{"intervalSeconds":0}}'
check too-fast-is-refused reports 60 '"problem",.*"id":"too-fast","path":"reporting.intervalSeconds","found":"0","allowed":"[^"]*1'
check still-on-trial reports 5 '"state","trial"'

# A disk that fills up while a release is unpacked
fill_while_unpacking() {
  local result
  give full "$(update_to 9.1.0)"
  until grep -q '"state":"IN_PROGRESS","step":"verified"' $updates/results/full-*.json; do nap 0.02; done 2>/dev/null
  dd if=/dev/zero of=$program/filler bs=1M 2>/dev/null
  ends 120 full '^FAILED .*could not be unpacked: the disk may be full'
  result=$?
  rm $program/filler
  return $result
}
check disk-full fill_while_unpacking
check disk-full-leaves-nothing [ "$(releases)" = 1 ]
values after-full-disk
check nothing-restarted [ "$(property MainPID)" = "$main" ]
tip 1

check good-is-kept reports 1200 '"state","kept"'
echo "KEPT after $((SECONDS - good_since)) s"
check still-not-restarted [ "$(property MainPID)" = "$main" ]
check restarts systemctl restart $unit
check good-is-still-run-by arrives 120 '"winddirection":99'
check good-is-shown-as-kept says 'reporting.intervalSeconds: 2 from afar; the file has 3'
tip 1

# One with a key that only the next release knows, which goes back
judge_after 1200
give next "$(update_to 9.5.0)"
check next-is-switched-to wait_for 900 is_current 9.5.0
check next-runs runs 9.5.0
values with-next
want later '{"log":{"level":"warn","ofTheNextRelease":true}}'
check later-is-on-trial reports 300 '"configuration",.*"id":"later"'
check later-is-shown says 'log.ofTheNextRelease: true from afar, on trial'
tip 1
crashes() {
  for _ in 1 2 3; do
    wait_for 60 systemctl -q is-active $unit
    systemctl kill -s KILL --kill-who=main $unit
    nap 6
  done
}
crashes
check next-goes-back ends 900 next '^FAILED .*restarted . times'
check runs-before runs 0.2.0
check later-is-dropped reports 120 '"problem",.*"id":"later","path":"log.ofTheNextRelease"'
check good-is-back reports 60 '"configuration",.*"id":"good"'
check good-is-kept-as-before reports 60 '"state","kept"'
check good-is-run-by-again arrives 60 '"winddirection":99'
tip 1

want again "$good"
check again-is-kept-at-once reports 60 '"configuration",.*"id":"again"'

# A person at the station takes away what the one from afar corrects: alone the file is right, with it the exit status would be 78
configure -e "s/endpoint: localhost/endpoint: $endpoint/" -e '/^  windVane:/,/northOffsetDegrees/d'
check starts-without systemctl restart $unit
check measures-without arrives 120 '"winddirection":null,"windintensity":[1-9]'
check runs-by-file reports 60 '"state","own"'
check says-why reports 60 '"problem",.*"id":"again","path":"sensors.windVane"'
check starts-once is_property NRestarts 0
configure -e "s/endpoint: localhost/endpoint: $endpoint/"
check restarts-with-file systemctl restart $unit
values by-file
tip 1

values at-last
tip 1
arrives 10 reading
print_results
