# Run in the test machine under its systemd, on a disk that keeps what it writes: the power is cut at $STEP of an update and
# $AFTER s more, and the next machine finds what is left. $BOOT is the number of the machine. Each stops the broker before the
# cut, so that all that ever arrived is printed.
SETTLE=45 DEADLINE=1800
. test/vm/guest/station.sh
. test/vm/guest/updates.sh
# The time is that of a host which may be busy.
printf '[Service]\nTimeoutStartSec=15min\n' >/etc/systemd/system/$unit.service.d/vm.conf
# The shipped 30 s, so that the test need not wait so long.
mkdir -p /etc/systemd/system/weather-gateway-update.timer.d
printf '[Timer]\nOnUnitInactiveSec=\nOnActiveSec=1\nOnUnitInactiveSec=5\n' >/etc/systemd/system/weather-gateway-update.timer.d/vm.conf
systemctl daemon-reload

wait_until() { until "$@"; do nap 0.3; done 2>/dev/null; }
is_pending() { [ -e $updates/trial ] || [ -e $data/update/request ]; }
is_idle() { ! is_pending; }
is_complete() { [ -x $program/committed/dist/main.js ] && grep -E '^(0\.2\.0|9\.1\.[01])$' <<<"$(weather-gateway --version)"; }
begin() { { is_pending || weather-gateway update "$FOLDER/update-$1.tar.gz"; } >/dev/null 2>&1 & }
# Also where the one of the machine before was kept meanwhile.
comes_to_trial() { is_at_trial || { begin "$(other)" && nap 4 && false; }; }
other() { [ "$(version_of current)" = 9.1.0 ] && echo 9.1.1 || echo 9.1.0; }

# The steps, in their order
is_at_first-byte() { [ -s $data/update/release.tar.gz ]; }
is_at_copied() { [ -s $updates/incoming/release.tar.gz ]; }
is_at_verified() { grep -q '"state":"IN_PROGRESS","step":"verified"' $updates/results/*.json; }
is_at_unpacked() { is_at_verified && [ "$(releases)" = 2 ]; }
is_at_switched() { [ "$(readlink $program/current)" != "$(readlink $program/committed)" ]; }
is_at_trial() { is_at_switched && systemctl -q is-active $unit; }
is_at_commit() { ! is_at_switched; }
is_at_back() { grep -qx phase=back $updates/trial; }

if [ "$BOOT" = 1 ]; then
  check installed systemd/install.sh --release /run/disk/release || exit 1
fi
check "complete-$BOOT" is_complete
check "values-$BOOT" arrives 600 '"windintensity":[1-9]'
case $STEP in
  trial | commit)
    check "trial-$BOOT" wait_for 300 comes_to_trial
    check "delivers-$BOOT" arrives 300 '"windintensity":[1-9]'
    ;;
  *) check "idle-$BOOT" wait_for 300 is_idle ;;
esac
tip 1
arrives 120 reading
if [ "$STEP" = end ]; then
  check no-answer-is-owed bash -c "! grep -l IN_PROGRESS $updates/results/*.json"
  echo "RESULTS $(cat $updates/results/*.json | grep -o '"state":"[A-Z]*"' | sort | uniq -c | tr -s ' \n' ' ')"
  print_results
  exit
fi
stop_broker
nap 2
print_messages
case $STEP in
  commit) ;;
  back) begin 9.2.0 ;;
  *) begin "$(other)" ;;
esac
wait_until "is_at_$STEP"
nap "$AFTER"
echo "POWER-CUT $STEP and $AFTER s: $(version_of current) runs, $(version_of committed) is committed" >/dev/console
nap 600
