# Sourced in the test machine: reads what a daemon prints, and has the power cut $DELAY s after $TIMES lines with $AFTER.
until_cut() {
  local seen=0 line
  while read -r line; do
    echo "$line"
    [[ $line == *"$AFTER"* ]] || continue
    seen=$((seen + 1))
    [ $seen != "$TIMES" ] || (sleep "$DELAY" && echo POWER-CUT) &
  done
}
