"""The reed contacts of a mast: closes lines to ground at exact times, whatever else the machine does.

contacts.py SECONDS HZ WIND_LINES RAIN_LINES BOUNCING_LINES, lines separated by commas. Wind: closures of 4 ms. Rain: a tip every
3 s, closed for 60 ms, bouncing as it closes; those among the last lines stay closed for 200 ms and bounce as they open, too.
Prints how many closures and tips it made.
"""
import os
import sys
import time

seconds, hz = int(sys.argv[1]), int(sys.argv[2])
wind, rain, bouncing = ([int(line) for line in lines.split(",")] for lines in sys.argv[3:6])
sound = [line for line in rain if line not in bouncing]
chip = "/sys/devices/platform/gpio-sim.0/gpiochip0"
pulls = {line: os.open(f"{chip}/sim_gpio{line}/pull", os.O_WRONLY) for line in wind + rain}

events = []
for pulse in range(seconds * hz):
    events.append((pulse / hz, wind, b"pull-down"))
    events.append((pulse / hz + 0.004, wind, b"pull-up"))
tips = seconds // 3
for tip in range(tips):
    start = 1 + tip * 3
    for offset, direction in [(0, b"pull-down"), (0.001, b"pull-up"), (0.002, b"pull-down")]:
        events.append((start + offset, rain, direction))
    events.append((start + 0.060, sound, b"pull-up"))
    for offset, direction in [(0.200, b"pull-up"), (0.202, b"pull-down"), (0.204, b"pull-up")]:
        events.append((start + offset, bouncing, direction))
events.sort(key=lambda event: event[0])

# A machine that is kept from running makes the cups turn slower, never faster than they can.
begin = time.monotonic() + 0.1
late = 0.0
for at, lines, direction in events:
    pause = begin + late + at - time.monotonic()
    if pause > 0:
        time.sleep(pause)
    else:
        late -= pause
    for line in lines:
        os.pwrite(pulls[line], direction, 0)
print(seconds * hz, tips, round(late * 1000))
