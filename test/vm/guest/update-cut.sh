# Run in the test machine under its systemd, on a disk that keeps what it writes: the power is cut at $MOMENT of an update, and
# the next machine finds what is left. Each stops the broker before the cut, so that all that ever arrived is printed.
BROKER=$([ "$MOMENT" = switched ] && echo no || echo yes)
SETTLE=30 DEADLINE=1800
. test/vm/guest/station.sh
. test/vm/guest/updates.sh
# The time is that of a host which may be busy.
printf '[Service]\nTimeoutStartSec=15min\n' >/etc/systemd/system/$unit.service.d/vm.conf
systemctl daemon-reload

wait_until() { until "$@"; do nap 0.02; done 2>/dev/null; }
goes_on() { check "values-$MOMENT" arrives 600 '"windintensity":[1-9]'; }
go_offline() {
  arrives 120 reading
  stop_broker
  nap 2
  print_messages
}
cut() { # and nothing more from here
  echo "POWER-CUT $MOMENT" >/dev/console
  nap 600
}
unpacks() { [ "$(releases)" = 2 ]; }
on_trial() { [ "$(readlink $program/current)" != "$(readlink $program/committed)" ]; }
no_trial() { ! on_trial; }
version_of() { sed -n 's/.*"version": *"\([^"]*\)".*/\1/p' "$program/$1/package.json"; }

case $MOMENT in
  unpacking)
    check installed systemd/install.sh --release /run/disk/release || exit 1
    goes_on
    tip 2
    go_offline
    weather-gateway update "$FOLDER/update-9.1.0.tar.gz" &
    wait_until unpacks
    nap 2
    cut
    ;;
  switched)
    check old-release [ "$(version_of current)" != 9.1.0 ]
    wait_until on_trial
    cut
    ;;
  committed)
    check on-trial wait_for 300 on_trial
    goes_on
    check proof wait_for 300 grep "$(readlink -e $program/current)" $data/working.json
    tip 2
    go_offline
    wait_until no_trial
    cut
    ;;
  back)
    check ends wait_for 600 [ ! -e $updates/trial ]
    check kept runs 9.1.0
    check says-kept bash -c "cat $updates/results/*.json | grep '\"9.1.0\",\"state\":\"SUCCEEDED\"'"
    goes_on
    tip 2
    go_offline
    weather-gateway update "$FOLDER/update-9.2.0.tar.gz" &
    wait_until on_trial
    wait_until no_trial
    cut
    ;;
  none)
    check came-back wait_for 300 runs 9.1.0
    check ends-again wait_for 600 [ ! -e $updates/trial ]
    check says-back bash -c "cat $updates/results/*.json | grep '\"9.2.0\",\"state\":\"FAILED\"'"
    check leaves-nothing [ "$(releases)" = 1 ]
    goes_on
    tip 2
    arrives 120 reading
    print_results
    ;;
esac
