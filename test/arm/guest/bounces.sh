# Sourced on the board: contacts that bounce as they close and as they open, played by contacts.c and counted by the daemon.
#   BOUNCES backend: tips, turns, edges; how long the longest bounce took of each

play() { # times, seconds between two, line, us closed, bounces, us each
  for _ in $(seq "$1"); do
    echo "${*:3}" >/sys/kernel/contacts/closure || return
    nap "$2"
  done
}
bounced() { sed -n "s/^$1 .* bounced=//p" /sys/kernel/contacts/state; } # line
edges() { sed -n '1s/.* of \([0-9]*\) edges/\1/p' /sys/kernel/contacts/state; }
# Of the readings since line $1 of the messages, in units of $3.
sum_of() { # line, quantity, unit
  tail -n +$(($1 + 1)) $messages | grep -o "\"$2\":[0-9.]*" | awk -F: -v unit="$3" '{ sum += $2 } END { printf "%.2f", sum / unit }'
}
is_near() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a - b < 0.4 && b - a < 0.4) }'; }
# Nothing counts twice, unless the busy core made a bounce longer than the lockout of 4 ms. Such a wait may also cost an edge. onoff has
# no times of the kernel, so that for it a wait of the daemon draws out a bounce as well: one turn in ten may count twice.
is_all() { # backend, counted, of, us of the longest bounce
  awk -v backend="$1" -v counted="$2" -v of="$3" -v us="$4" 'BEGIN {
    twice = backend == "onoff" ? 0.1 * of : 0
    exit !(counted > 0.9 * of && (counted < of + twice + 0.4 || us + 0 > 4000))
  }'
}
at_rest() { arrives 30 '"windintensity":0,.*"rainheight":0,'; }

tipped=8
# 10 turns a second, closed for 30 ms, that bounce twice at each end: within the lockout of 4 ms, as docs/hardware.md wants it. Then
# tips of 200 ms that bounce 6 times at each end, long after the lockout of 150 ms as they open.
counts_bounces_once() { # backend
  local from edges_before turns=40 turns_counted tips_counted
  at_rest || return
  from=$(count) edges_before=$(edges)
  play $turns 0.067 5 30000 2 200 && play $tipped 0.6 6 200000 6 500 && at_rest || return
  # 2.4 km/h is one turn a second, and a reading comes every 3 s.
  turns_counted=$(sum_of "$from" windintensity 0.8)
  tips_counted=$(sum_of "$from" rainheight 0.2794)
  echo "BOUNCES $1: $tips_counted of $tipped tips, $turns_counted of $turns turns, $(($(edges) - edges_before)) edges; bounces of up to $(bounced 6) and $(bounced 5)" >/run/bounces
  is_near "$tips_counted" $tipped && is_all "$1" "$turns_counted" $turns "$(bounced 5)"
}
check_bounces() { # backend
  kill "$cups"
  check "bounces-count-once-with-$1" counts_bounces_once "$1"
  tips=$((tips + tipped))
  [ ! -e /run/bounces ] || cat /run/bounces
  blow &
  cups=$!
}
