# Run in an emulated machine under its systemd: what the service executes. The machine's time goes by executed instructions, 4 ns
# each, and the kernel counts for how long a control group ran: the daemon, its threads and its children, ended ones included.
#   $POWER_INSTALL          command that installs the release
#   $POWER_MEASUREMENTS     lines of: wiring, interval, viewers, seconds
#   POWER name microseconds seconds gpiomon-microseconds readings
#   MEMORY name VmRSS Pss VmHWM, kB
. test/vm/guest/station.sh
# As shipped
rm /etc/systemd/system/$unit.service.d/vm.conf
SETTLE_SECONDS=100

used() { sed -n 's/^usage_usec //p' "/sys/fs/cgroup/system.slice/$1.service/cpu.stat"; }
# What gpiomon itself ran, microseconds.
used_by_gpiomon() {
  local pid
  pid=$(pgrep -x gpiomon) && awk '{ print int($1 / 1000) }' "/proc/$pid/schedstat" || echo 0
}
readings() { grep -c '/reading ' $messages; }
memory() { # name, pid
  kilobytes() { sed -n "s/^$1:[^0-9]*\([0-9]*\) kB/\1/p" "$2"; }
  echo "MEMORY $1 $(kilobytes VmRSS "/proc/$2/status") $(kilobytes Pss "/proc/$2/smaps_rollup") $(kilobytes VmHWM "/proc/$2/status")"
}
run_for() { # name, unit, seconds
  local from read_from gpiomon_from
  from=$(used "$2") read_from=$(readings) gpiomon_from=$(used_by_gpiomon)
  nap "$3"
  echo "POWER $1 $(($(used "$2") - from)) $3 $(($(used_by_gpiomon) - gpiomon_from)) $(($(readings) - read_from))"
  memory "$1" "$(systemctl show -p MainPID --value "$2")"
}
without() { # sensors of the configuration as shipped, with | between
  awk -v sensors="^  ($1):" '$0 ~ sensors { gone = 1; next } /^ ? ?[^ ]/ { gone = 0 } !gone' $etc/gateway.yaml >/run/gateway.yaml
  cp /run/gateway.yaml $etc/gateway.yaml
}
wire() { # all|rain|air, seconds between readings
  configure -e "s/intervalSeconds: 3/intervalSeconds: $2/"
  case $1 in
    rain) without 'windVane|anemometer' ;;
    air) without 'windVane|anemometer|rainGauge' ;;
  esac
}
# As somebody leaves the page open on charts of an hour: its files, its events, and the charts with each new row.
view() { # seconds between readings
  node --input-type=module -e '
const url = "http://127.0.0.1:8080";
const every = Math.max(10, Number(process.argv[1])) * 1000;
const look = async (path) => await (await fetch(url + path)).text();
for (const path of ["/", "/page.js", "/page.css"]) await look(path);
const draw = async () => { await look("/api/readings?minutes=60"); setTimeout(draw, every); };
await draw();
for await (const _ of (await fetch(url + "/api/events")).body);' "$1" &
  viewer=$!
}

$POWER_INSTALL || exit 1

# What stands beside it: Node.js that does nothing, alone and with the packages of the daemon.
release=$(realpath /usr/lib/weather-gateway/current)
cp test/bench/bare-process.js "$release/"
systemd-run -q --unit=bare node -e 'setInterval(() => undefined, 60_000)'
systemd-run -q --unit=packages node "$release/bare-process.js"
nap 30
for each in bare packages; do
  echo "POWER $each-start $(used $each) 30 0 0"
  run_for $each $each 1200
  systemctl stop $each
done

# From nothing to the first reading that is delivered
wire all 1
systemctl stop $unit
rm -rf ${data:?}/store
from=$(count)
systemctl start $unit
wait_for 120 has_new "$from" '"seq":1,'
echo "POWER start $(used $unit) 0 1 0"

while read -r wiring interval viewers seconds; do
  name=$wiring-$interval-$viewers
  wire "$wiring" "$interval"
  systemctl restart $unit
  nap $SETTLE_SECONDS
  viewer=
  [ "$viewers" = 0 ] || { view "$interval" && nap 30; }
  run_for "$name" $unit "$seconds"
  [ -z "$viewer" ] || kill $viewer
done <<<"$POWER_MEASUREMENTS"
journalctl -u $unit --no-pager -o cat -p warning | tail -20 | sed 's/^/LOG /'
echo POWER-END
