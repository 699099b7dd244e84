# Sourced in the test machine under its systemd: how a script checks the service, and what it prints for service-machine.ts.
#   CHECK name ok|failed detail · SPENT seconds of the machine's clock, seconds of them idle, name of the check
unit=weather-gateway
etc=/etc/weather-gateway
data=/var/lib/weather-gateway
messages=/run/messages

# The machine's clock by now, and for how much of it its processor had nothing to do.
spent() { # name
  local clock idle
  read -r clock idle </proc/uptime
  echo "SPENT $clock $idle $1"
}
check() { # name, command...
  local name=$1 detail
  shift
  if detail=$("$@" 2>&1); then
    echo "CHECK $name ok"
    spent "$name"
  else
    echo "CHECK $name failed $* $detail" | tr '\n' ' '
    echo
    journalctl -u $unit --no-pager -o cat -n 10 | sed 's/^/LOG /'
    return 1
  fi
}
nap() { read -r -t "$1" <>/run/nap || true; }
wait_for() { # seconds, command...
  local until=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || return 1
    nap 1
  done
}
property() { systemctl show -p "$1" --value $unit; }
is_property() { [ "$(property "$1")" = "$2" ]; }
count() { wc -l <$messages; }
# Whether a message since line $1 matches the pattern $2.
has_new() { tail -n +$(($1 + 1)) $messages | grep -qE "$2"; }
arrives() { # seconds, pattern
  local from
  from=$(count)
  wait_for "$1" has_new "$from" "$2"
}

mkfifo /run/nap
# systemd takes the machine for a container (/.dockerenv) and then shares no mounts; credentials need that.
mount --make-rshared /
# The shipped 60 s of the watchdog, so that a test need not wait so long; a unit that runs already knows of it.
shorten_watchdog() {
  local file=/etc/systemd/system/$unit.service.d/vm.conf
  mkdir -p "${file%/*}"
  [ -e "$file" ] || printf '[Service]\nWatchdogSec=25\n' >"$file"
}
