# Run in the test machine under its systemd: two jobs that ask for two releases at once, and a third release by hand.
SETTLE=60
DEADLINE=3600
. test/vm/guest/station.sh
. test/vm/guest/updates.sh
# The time is that of a host which may be busy.
printf '[Service]\nTimeoutStartSec=15min\n' >/etc/systemd/system/$unit.service.d/vm.conf

check installed systemd/install.sh --release /run/disk/release || exit 1
. test/vm/guest/cloud.sh
check values-at-first arrives 120 '"windintensity":[1-9]'
check greets reports 120 '"release","0\.2\.0"'
tip 1

give one "$(update_to 9.1.0)"
give two "$(update_to 9.1.1)"
check one-is-switched-to wait_for 900 is_current 9.1.0
check by-hand-is-refused answers 9.1.1 'FAILED, another release is on trial'
tip 1
check one-is-kept ends 900 one '^SUCCEEDED'
check two-is-kept ends 1200 two '^SUCCEEDED'
check two-runs runs 9.1.1
check values-at-last arrives 120 '"windintensity":[1-9]'
tip 1
arrives 10 reading
print_results
