#!/usr/bin/env bash
# Jobs that need power, with mocked hardware, with a real UPower and without it.
# shellcheck source=tests/services/machine.sh
. "$(dirname "$0")/machine.sh"

boot <<'C'
[run]
settle = "0s"
C
inside systemd-run --quiet --unit=hardware --setenv=LD_PRELOAD=libumockdev-preload.so.0 \
  --setenv=TMPDIR=/run/hardware --property=RuntimeDirectory=hardware \
  --property=RuntimeDirectoryMode=0777 /usr/bin/python3 /services/mocked_hardware.py
eventually test -e /run/hardware/env
inside mkdir -p /etc/systemd/system/upower.service.d
inside sh -c 'cat >/etc/systemd/system/upower.service.d/hardware.conf' <<'C'
[Service]
EnvironmentFile=/run/hardware/env
ReadWritePaths=/run/hardware
C
inside systemctl daemon-reload

hardware() { inside sh -c "printf '$1\n' >/run/hardware/control"; }
unplug() { hardware 'set AC online 0\nevent AC change\nset BAT0 status Discharging\nevent BAT0 change'; }
plug() { hardware 'set AC online 1\nevent AC change\nset BAT0 status Charging\nevent BAT0 change'; }
level() { hardware "set BAT0 capacity $1\nset BAT0 energy_now $(($1 * 600000))\nevent BAT0 change"; }

# Plays the same changes, whoever reports them: $1.
play() {
  hold charge --charging --existing replace
  hold index --battery-not-low --existing replace
  starts charge "on the plug"
  starts index "80 %"
  eventually sh -c "wm conditions | grep -q '^charging .*$1'"
  unplug
  stops charge constraint-charging "unplugged"
  says charge "$1"
  level 14
  stops index constraint-battery-not-low "14 %"
  says index "14"
  plug
  starts charge "plugged in"
  level 20
  says index "20"
  level 21
  starts index "21 %"
  level 80
}

inside systemctl start upower
play UPower
runs=$(wm history charge | grep --count '^charge ')
inside systemctl kill --signal=KILL upower
goes_on charge "$runs" "UPower was killed"
inside systemctl start upower
goes_on charge "$runs" "UPower is back"
unplug
stops charge constraint-charging "unplugged, as the new UPower says"
plug
starts charge "plugged in, as the new UPower says"

# Without UPower, wmd itself sees the mocked hardware.
wm cancel --all
inside systemctl mask --now --quiet upower
mapfile -t mock < <(inside cat /run/hardware/env)
inside systemctl stop wmd
start_wmd "${mock[@]}"
play sysfs
