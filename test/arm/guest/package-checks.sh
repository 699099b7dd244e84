# Sourced by the scripts of the machines: what the package is asked on each of them.
up() { echo "UP $1 $(cut -d' ' -f1 /proc/uptime) s"; }
memory() { grep -E 'VmRSS|VmHWM' "/proc/$(property MainPID)/status" | sed 's/^/MEMORY /'; }
installs() { dpkg --force-confold -i /vm/files/weather-gateway.deb; }
# No NTP reaches the machine, and it says so.
doctor_is_well() { ! weather-gateway doctor | grep FAIL | grep -v clock; }
held() { gpioinfo -c gpiochip0 17 | grep -q 'output.*consumer='; }
released() { ! held; }

# The output of a pre-alert, on and then free after kill -9; the expressions go to configure.
warns_on_an_output() { # expression...
  configure "$@" -e '/^preAlerts:/,$d'
  cat >>$etc/gateway.yaml <<'YAML'
preAlerts:
  - { id: warm, kind: limit, quantity: temperature, direction: above, warning: 20, hysteresis: 1, onDelaySeconds: 0, output: { gpio: 17, activeLow: false } }
YAML
  systemctl restart $unit
  check output-on wait_for 60 held
}
loses_the_output_when_killed() {
  systemctl kill -s KILL --kill-who=main $unit
  check output-free-after-kill wait_for 20 released
  check output-on-again wait_for 90 held
}
counts_with_onoff() {
  configure -e 's/gpioBackend: auto/gpioBackend: onoff/'
  check starts-with-onoff systemctl restart $unit
  check onoff-counts arrives 120 '"windintensity":[1-9]'
  tip 3
  arrives 10 reading
}
