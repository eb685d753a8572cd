#!/usr/bin/env bash
# The Debian package on a machine with systemd: installed, started by its socket, watched, killed,
# switched off, upgraded, removed and purged.
# shellcheck source=tests/services/machine.sh
. "$(dirname "$0")/machine.sh"

package=$(mktemp --directory)
(cd "$build" && cpack -G DEB -B "$package") >"$package/log" 2>&1 || {
  cat "$package/log"
  exit 1
}
boot_bare
trap 'halt || true; rm -rf "$package"' EXIT
cp "$package"/wm_*.deb "$machine/root/root/wm.deb"
wm() { inside /usr/bin/wm "$@"; }
property() { inside systemctl show --value --property="$1" "${2-wmd.service}"; }

inside find / -xdev -path /proc -prune -o -path /sys -prune -o -path /run -prune -o -path /tmp -prune \
  -o -path /var/log -prune -o -print >"$package/before"
inside dpkg --install /root/wm.deb >"$package/install" 2>&1 || fail "it is not installed" cat "$package/install"
for unit in wmd.service wmd.socket; do
  [[ $(property ActiveState "$unit") == active ]] || fail "$unit is not active" inside systemctl status "$unit"
  [[ $(property UnitFileState "$unit") == enabled ]] || fail "$unit is not enabled" true
done
wm status | grep --quiet '^socket */run/wm/wm.sock' || fail "wm does not answer" wm status
inside systemd-analyze verify --man=no wmd.service wmd.socket || fail "systemd finds fault with the units" true
echo "ok: installed, enabled and started"

inside systemctl stop wmd.service
wm register-oneoff by-socket -- /bin/true >/dev/null || fail "the socket starts nothing" inside systemctl status wmd
wm wait by-socket --timeout 15s >/dev/null || fail "the work does not succeed" wm show by-socket
echo "ok: the first wm starts the daemon"

hold held --as ann
wm wait held --for running --timeout 15s >/dev/null
eventually sh -c 'systemctl show --property=StatusText wmd | grep --quiet --line-regexp "StatusText=1 running, 0 waiting"'
echo "ok: systemctl status says what it does"

killed_by() {
  local before
  before=$(property NRestarts)
  "${@:2}"
  eventually sh -c "[ \$(systemctl show --value --property=NRestarts wmd) -gt $before ]"
  eventually systemctl is-active --quiet wmd
  wm history held | grep --quiet interrupted || fail "the run is not interrupted ($1)" wm history held
  wm wait held --for running --timeout 15s >/dev/null || fail "the work does not start again ($1)" wm why held
  [[ $(inside pgrep --count --exact sleep) == 1 ]] || fail "a run is left ($1)" inside ps -ef
  echo "ok: $1, and systemd starts another daemon, which starts the work again"
}
killed_by "the daemon is killed" inside systemctl kill --kill-who=main --signal=KILL wmd
inside mkdir --parents /run/systemd/system/wmd.service.d
inside sh -c 'printf "[Service]\nWatchdogSec=2s\n" >/run/systemd/system/wmd.service.d/watchdog.conf'
inside systemctl daemon-reload
inside systemctl restart wmd
killed_by "the daemon hangs" inside systemctl kill --kill-who=main --signal=STOP wmd
[[ $(inside journalctl --unit=wmd --no-pager --output=cat) == *"Watchdog timeout"* ]] || fail "it was no watchdog" true

wm register-periodic daily --every 15m -- /bin/true >/dev/null
eventually sh -c 'wm history daily | grep --quiet succeeded'
switch_off
switch_on
eventually systemctl is-active --quiet wmd
wm wait held --for running --timeout 15s >/dev/null || fail "the work is lost" wm list --all
wm show daily >/dev/null || fail "the periodic work is lost" wm list --all
wm history held | grep --quiet interrupted || fail "the run is not interrupted" wm history held
echo "ok: the queue is there after the plug was pulled"

before=$(property MainPID)
run=$(wm --json show held | grep --only-matching '"runAttemptCount": *[0-9]*')
inside dpkg --install /root/wm.deb >"$package/install" 2>&1 || fail "it is not upgraded" cat "$package/install"
eventually sh -c 'journalctl --unit=wmd --boot --output=cat | grep --quiet "takes over: 1 runs go on"'
eventually wm status
[[ $(property MainPID) == "$before" ]] || fail "an upgrade starts another process" true
[[ $(wm --json show held | grep --only-matching '"runAttemptCount": *[0-9]*') == "$run" ]] ||
  fail "the run did not go on" wm history held
[[ $(inside pgrep --count --exact sleep) == 1 ]] || fail "the run is another" inside ps -ef
echo "ok: what runs goes on when the package is upgraded"

exposure() { inside systemd-analyze security wmd.service --no-pager | tail -1; }
echo "as installed: $(exposure)"
# shellcheck disable=SC2016  # Markdown's backticks.
sed -n '/^```ini$/,/^```$/p' "$here/../../docs/hardening.md" | sed '1d;$d' >"$package/confined.conf"
inside mkdir --parents /srv /run/systemd/system/wmd.service.d
cp "$package/confined.conf" "$machine/root/root/confined.conf"
inside cp /root/confined.conf /run/systemd/system/wmd.service.d/
inside systemctl daemon-reload
inside systemctl restart wmd
wm register-oneoff confined --as ann -- /bin/sh -c '! touch /home/ann/file && id --user --name && cat /proc/self/cgroup' >/dev/null
wm wait confined --timeout 15s >/dev/null || fail "nothing runs in the documented sandbox" wm show confined
wm logs confined | grep --quiet --line-regexp ann || fail "a confined run is not its owner's" wm logs confined
echo "confined as documented: $(exposure)"

inside dpkg --remove wm >"$package/remove" 2>&1 || fail "it is not removed" cat "$package/remove"
! inside pgrep --exact 'wmd|sleep' || fail "something runs on" inside ps -ef
inside test -e /etc/wm/wmd.toml || fail "a removed package keeps its configuration" true
inside test -e /var/lib/wm/wm.db || fail "a removed package keeps its queue" true
inside dpkg --purge wm >"$package/remove" 2>&1 || fail "it is not purged" cat "$package/remove"
inside find / -xdev -path /proc -prune -o -path /sys -prune -o -path /run -prune -o -path /tmp -prune \
  -o -path /var/log -prune -o -print >"$package/after"
left=$(comm -13 <(sort "$package/before") <(sort "$package/after") |
  grep --invert-match -e '^/root/' -e '^/var/lib/dpkg/' -e '^/var/lib/systemd/' -e '^/var/cache/' -e '^/var/tmp/' -e '^/etc/\.' || true)
[[ -z $left ]] || fail "a purged package leaves: $left" true
! inside test -e /run/wm || fail "a purged package leaves its socket's directory" true
echo "ok: removed, and nothing is left when it is purged"
