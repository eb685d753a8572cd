#!/usr/bin/env bash
# The Debian package on a machine with systemd: it is installed, started by its socket, watched, killed,
# switched off, upgraded, removed and purged.
# shellcheck source=tests/services/machine.sh
. "$(dirname "$0")/machine.sh"

package=$(mktemp --directory)
make_packages "$package"
(cd "$build" && cpack --config CPackSourceConfig.cmake -B "$package/source") >"$package/log" 2>&1 || {
  cat "$package/log"
  exit 1
}
tar --list --file "$package"/source/wm-*.tar.gz >"$package/sources"
for file in CMakeLists.txt CMakePresets.json daemon/main.cc docs/man/wm.1.scd systemd/system/wmd.service.in; do
  grep --quiet "^wm-[0-9.]*/$file$" "$package/sources" || fail "the release tarball lacks $file" true
done
! grep --extended-regexp '/(\.git|build)/' "$package/sources" || fail "the release tarball has too much" true
tar --extract --file "$package"/source/wm-*.tar.gz --directory "$package"
cmake -S "$package"/wm-*/ -B "$package/tree" -DWM_TESTS=OFF >"$package/log" 2>&1 || {
  cat "$package/log"
  exit 1
}
echo "ok: a release tarball that can be built without git"

boot_bare
trap 'halt || true; rm -rf "$package"' EXIT
cp "$package"/wm_*.deb "$machine/root/root/wm.deb"
wm() { inside /usr/bin/wm "$@"; }
property() { inside systemctl show --value --property="$1" "${2-wmd.service}"; }

files_there >"$package/before"
inside dpkg --install /root/wm.deb >"$package/install" 2>&1 || fail "it is not installed" cat "$package/install"
for unit in wmd.service wmd.socket; do
  [[ $(property ActiveState "$unit") == active ]] || fail "$unit is not active" inside systemctl status "$unit"
  [[ $(property UnitFileState "$unit") == enabled ]] || fail "$unit is not enabled" true
done
wm status | has '^socket */run/wm/wm.sock' || fail "wm does not answer" wm status
inside systemd-analyze verify --man=no wmd.service wmd.socket || fail "systemd finds fault with the units" true
echo "ok: installed, enabled and started"

for file in man1/wm.1.gz man8/wmd.8.gz man5/wmd.toml.5.gz man7/wm-semantics.7.gz; do
  inside test -s "/usr/share/man/$file" || fail "there is no $file" true
done
inside test -s /usr/share/bash-completion/completions/wm || fail "nothing completes" true
wm doctor >"$package/doctor" || fail "the doctor finds a problem" cat "$package/doctor"
grep --quiet '^[a-z]* *control groups *one per run' "$package/doctor" || fail "runs have no groups" cat "$package/doctor"
wm metrics | has '^wm_works{state="enqueued"} 0$' || fail "there are no metrics" wm metrics
echo "ok: manual, completions, doctor and metrics"

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
  wm history held | has interrupted || fail "the run is not interrupted ($1)" wm history held
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

inside mkdir --parents /etc/wm/wmd.d
inside sh -c 'printf "[limits]\nmin_perod = \"1s\"\n" >/etc/wm/wmd.d/periods.toml'
! inside systemctl reload wmd 2>/dev/null || fail "a broken configuration is taken" true
wm status >/dev/null || fail "a broken configuration ends the daemon" inside systemctl status wmd
inside sh -c 'printf "[limits]\nmin_period = \"1s\"\n" >/etc/wm/wmd.d/periods.toml'
inside systemctl reload wmd
eventually wm register-periodic daily --every 1s -- /bin/true
echo "ok: a reload takes what is new and valid, and nothing else"

eventually sh -c 'wm history daily | grep --quiet succeeded'
switch_off
sleep 2  # Periods pass, and nobody is there.
switch_on
eventually systemctl is-active --quiet wmd
wm wait held --for running --timeout 15s >/dev/null || fail "the work is lost" wm list --all
wm show daily >/dev/null || fail "the periodic work is lost" wm list --all
eventually sh -c 'wm --json history daily | grep --quiet missedPeriods'
wm cancel daily >/dev/null
wm history held | has interrupted || fail "the run is not interrupted" wm history held
echo "ok: the queue is there after the plug was pulled"

# as USER COMMAND…: runs the command with that user's identity, as after a login.
as() {
  local uid
  uid=$(inside id --user "$1")
  inside setpriv --reuid="$1" --regid="$1" --init-groups \
    env HOME="/home/$1" XDG_RUNTIME_DIR="/run/user/$uid" "${@:2}"
}
inside useradd --home-dir / bob
for user in ann bob; do
  as "$user" wm --system register-oneoff same --cwd / -- /usr/bin/id --user --name >/dev/null
  as "$user" wm --system wait same --timeout 15s >/dev/null || fail "$user's work fails" as "$user" wm --system show same
  [[ $(as "$user" wm --system logs same) == "$user" ]] || fail "$user's work is another's" true
  [[ $(as "$user" wm --system list --all | wc --lines) == 2 ]] || fail "$user sees others" true
done
! as ann wm --system show held 2>/dev/null || fail "ann sees root's work" true
! as bob wm --system pause 2>/dev/null || fail "bob holds everybody up" true
wm --owner bob show same >/dev/null || fail "root does not see bob's work" true
wm list --all | has '^ann *same' || fail "root does not see whose work it is" wm list --all
echo "ok: two users, each with work of their own"

by_service loginctl enable-linger ann
eventually test -S "/run/user/$(inside id --user ann)/wm/wm.sock"
as ann wm register-oneoff mine -- /bin/true >/dev/null || fail "ann's own daemon does not come" true
as ann wm wait mine --timeout 15s >/dev/null || fail "ann's own work fails" as ann wm show mine
as ann wm status | has '/home/ann/.local/state/wm' || fail "it is not ann's own" as ann wm status
as ann wm doctor | has '^ok *linger' || fail "lingering is not seen" as ann wm doctor
by_service loginctl disable-linger ann
inside rm -rf /home/ann/.local
echo "ok: a user's own daemon, by the socket of the user's systemd"

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
awk '/^```ini$/ { inside = 1; next } inside && /^```$/ { exit } inside' "$here/../../docs/hardening.md" \
  >"$package/confined.conf"
inside mkdir --parents /srv /run/systemd/system/wmd.service.d
cp "$package/confined.conf" "$machine/root/root/confined.conf"
inside cp /root/confined.conf /run/systemd/system/wmd.service.d/
inside systemctl daemon-reload
inside systemctl restart wmd
wm register-oneoff confined --as ann -- /bin/sh -c '! touch /home/ann/file && id --user --name && cat /proc/self/cgroup' >/dev/null
wm wait confined --timeout 15s >/dev/null || fail "nothing runs in the documented sandbox" wm show confined
wm logs confined | has --line-regexp ann || fail "a confined run is not its owner's" wm logs confined
echo "confined as documented: $(exposure)"

inside dpkg --remove wm >"$package/remove" 2>&1 || fail "it is not removed" cat "$package/remove"
! inside pgrep --exact 'wmd|sleep' || fail "something runs on" inside ps -ef
inside test -e /etc/wm/wmd.toml || fail "a removed package keeps its configuration" true
inside test -e /var/lib/wm/wm.db || fail "a removed package keeps its queue" true
inside dpkg --purge wm >"$package/remove" 2>&1 || fail "it is not purged" cat "$package/remove"
files_there >"$package/after"
left=$(left_over "$package/before" "$package/after")
[[ -z $left ]] || fail "a purged package leaves: $left" true
! inside test -e /run/wm || fail "a purged package leaves its socket's directory" true
echo "ok: removed, and nothing is left when it is purged"
