# Sourced by service.sh while the service runs: jobs as AWS IoT hands them out, and a claim. At its end all is as it was, but for
# the certificate.
. test/vm/guest/cloud.sh
main=$(property MainPID)
from=$SECONDS
check values-before-jobs arrives 120 '"windintensity":[1-9]'
check job-doctor becomes 120 ask '{"verb":"doctor"}' '^SUCCEEDED .*"passed":"[^"]*publish'
# No NTP reaches the machine.
check job-doctor-is-well bash -c "! grep -o 'failure[0-9]\":\"[^\"]*' $jobs/ask.done | grep -v clock"
check job-refused becomes 60 shell '{"verb":"shell","command":"id"}' '^REJECTED .*"allowed":"doctor'
check job-log-level becomes 60 louder '{"verb":"log-level","level":"debug","minutes":1}' '^SUCCEEDED'
says_debug() { journalctl -u $unit -o cat -n 50 | grep -q '"level":"debug"'; }
check debug-lines wait_for 30 says_debug
check job-diagnostics becomes 180 report "{\"verb\":\"diagnostics\",\"url\":\"https://$bucket/1?X-Amz-Signature=1\"}" '^SUCCEEDED'
check report-has-journal grep -q 'weather-gateway\[[0-9]' $jobs/received
check report-has-all bash -c "! grep -o '[^\"]*cannot be had[^\"]*' $jobs/received"
# Within a minute of its start it refuses.
runs_for() { [ $((SECONDS - from)) -gt "$1" ]; }
wait_for 90 runs_for 65
check job-restart becomes 180 again '{"verb":"restart"}' '^SUCCEEDED'
check job-restarts bash -c "! systemctl show -p MainPID --value $unit | grep -x $main"
check values-after-jobs arrives 120 '"windintensity":[1-9]'

# A reboot would end this machine: what the sandboxed daemon can bring systemd to start.
mkdir -p /etc/systemd/system/$unit-reboot.service.d
printf '[Service]\nExecStart=\nExecStart=/bin/mv /run/%s/reboot /run/rebooted\n' $unit >/etc/systemd/system/$unit-reboot.service.d/vm.conf
systemctl daemon-reload
wait_for 300 awk '{ exit $1 < 301 }' /proc/uptime
check job-reboot becomes 180 boot '{"verb":"reboot"}' '^FAILED .*nothing rebooted the machine'
check reboot-is-asked-for test -e /run/rebooted

# A card with a claim becomes the station that it was, with another name and certificate
configure -e ''
cp $etc/device.pem $etc/device.key /run/
rm $etc/device.pem
kill $cloud
"$NODE" "$FOLDER/cloud.cjs" claim "$FOLDER" $etc >/run/claim 2>&1 &
check claim-lies-there wait_for 60 test -s $etc/claim/claim.yaml
stop_broker
nap 2
start_broker
nap 5
check claims systemctl start $unit-claim
check claimed wait_for 120 [ ! -e $etc/claim ]
check named grep 'name: Claimed' $etc/gateway.yaml
check another-key bash -c "! cmp $etc/device.key /run/device.key"
check key-is-roots [ "$(stat -c '%U %a' $etc/device.key)" = 'root 600' ]
check values-after-claim arrives 120 '"windintensity":[1-9]'
configure -e ''
