# A small machine with the real services, booted by systemd-nspawn for one test: source this file with
# the build directory in $1, then call boot. The machine's root was made by scripts/test-machine and is
# not written to. If no machine can be booted, the test is skipped (exit status 77).
# shellcheck shell=bash
set -euo pipefail

build=$(realpath "$1")
here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
# shellcheck source=scripts/common.sh
. "$here/../../scripts/common.sh"
name=wm-$(basename "$0" .sh)-$$
machine=
options=()  # More of systemd-nspawn's.

# Tells whether the input has such a line. It reads all of it: whoever writes it must not fail because
# the line came early.
has() {
  local text
  text=$(cat)
  grep --quiet "$@" <<<"$text"
}

skip() {
  echo "skipped: $1"
  exit 77
}

# Boots a machine on which wmd serves all users, with the configuration on stdin.
boot() {
  boot_bare
  cat >"$machine/root/etc/wmd.toml"
  start_wmd TZ=UTC || fail "wmd does not start"
}

# Boots a machine without wmd.
boot_bare() {
  ((EUID == 0)) || skip "booting a machine needs root"
  [[ -d $test_machine ]] || skip "there is no machine: scripts/test-machine makes one"
  machine=$(mktemp --directory)
  trap 'halt || true' EXIT
  mkdir "$machine"/{upper,work,root}
  mount -t overlay "$name" -o "lowerdir=$test_machine,upperdir=$machine/upper,workdir=$machine/work" "$machine/root"
  switch_on
}

switch_on() {
  local hierarchy
  for hierarchy in /sys/fs/cgroup/{systemd,unified}; do
    [[ -d $hierarchy ]] && mkdir -p "$hierarchy/$name"
  done
  (
    for hierarchy in /sys/fs/cgroup/{systemd,unified}; do
      [[ -d $hierarchy ]] && echo "$BASHPID" >"$hierarchy/$name/cgroup.procs"
    done
    exec systemd-nspawn --quiet --directory="$machine/root" --machine="$name" --boot \
      --register=no --keep-unit --console=pipe --link-journal=no --private-network --timezone=off \
      --resolv-conf=off --capability=CAP_NET_ADMIN --bind-ro="$build:/wm" --bind-ro="$here:/services" "${options[@]}"
  ) >"$machine/console" 2>&1 </dev/null &
  nspawn=$!
  for _ in {1..300}; do
    kill -0 "$nspawn" 2>/dev/null || skip "it does not boot: $(tail -1 "$machine/console")"
    case $(inside systemctl is-system-running 2>/dev/null) in running | degraded) break ;; esac
    sleep 0.1
  done
}

# Kills the machine as if its plug were pulled: everything that is not on the disk is gone.
switch_off() {
  kill -KILL "$(awk '{ print $1 }' "/proc/$nspawn/task/$nspawn/children")"
  wait "$nspawn" || true
  nspawn=
}

halt() {
  [[ -n ${nspawn-} ]] && kill "$nspawn" 2>/dev/null && wait "$nspawn" 2>/dev/null
  umount "$machine/root"
  rm -rf "$machine"
  find /sys/fs/cgroup/{systemd,unified}/"$name" -depth -type d -exec rmdir {} + 2>/dev/null
}

inside() {
  local leader
  leader=$(awk '{ print $1 }' "/proc/$nspawn/task/$nspawn/children")
  [[ -n $leader ]] || return 1
  nsenter --target "$leader" --mount --uts --ipc --net --pid --cgroup -- \
    env --ignore-environment PATH=/wm/cli:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    TERM=dumb "$@"
}

# Runs a command as a service of the machine: logind refuses callers from outside, which its control
# groups do not show.
by_service() { inside systemd-run --quiet --wait --collect "$@"; }

# Starts wmd with the arguments, NAME=VALUE, in its environment.
start_wmd() {
  inside systemd-run --quiet --unit=wmd --property=Type=notify \
    --property=Delegate="${delegate-yes}" "${@/#/--setenv=}" \
    /wm/daemon/wmd --system --config /etc/wmd.toml
}

wm() { inside wm "$@"; }

fail() {
  echo "FAILED: $1"
  shift
  "$@" || true
  wm conditions || true
  inside journalctl --unit=wmd --no-pager --output=cat | tail -20 || true
  exit 1
}

# Waits until the command succeeds, for 15 s at most.
eventually() {
  for _ in {1..150}; do
    if inside "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  fail "it never happens: $*" "inside" "$@"
}

# hold NAME OPTIONS…: registers a job that runs until it is stopped.
hold() { wm register-oneoff "$1" --stop-grace 0s "${@:2}" -- /bin/sleep 1000; }

starts() {
  wm wait "$1" --for running --timeout 15s >/dev/null || fail "$1 does not start" wm why "$1"
  echo "ok: $1 runs ($2)"
}

# stops NAME REASON WHY: its run is stopped for that reason.
stops() {
  wm wait "$1" --for enqueued --timeout 15s >/dev/null || fail "$1 does not stop" wm show "$1"
  wm history "$1" | has "interrupted *$2" || fail "$1 does not stop for $2" wm history "$1"
  echo "ok: $1 stops, $2 ($3)"
}

# says NAME TEXT: `wm why NAME` prints that text, once the change has reached wmd.
says() {
  # shellcheck disable=SC2016
  eventually sh -c 'wm why "$1" | grep --quiet --fixed-strings -- "$2"' sh "$1" "$2"
  echo "ok: $1 waits, and wm why says '$2'"
}

# goes_on NAME RUNS WHAT: it still runs, and has had RUNS runs in all.
goes_on() {
  local runs
  runs=$(wm history "$1" | grep --count "^$1 ")
  [[ $runs == "${2}" ]] || fail "$1 was run $runs times, not $2" wm history "$1"
  starts "$1" "$3"
}

# Connects a cable to a router, which is a separate network namespace, and tells NetworkManager about it.
# $1 is added to NetworkManager's configuration.
cable() {
  inside sh -c 'cat - >/etc/NetworkManager/conf.d/wm.conf' <<C
[main]
plugins=keyfile
no-auto-default=*
dns=none
${1-}
C
  inside ip netns add router
  inside ip link add eth0 type veth peer name port netns router
  inside ip -n router addr add 192.0.2.1/24 dev port
  inside ip -n router link set port up
  inside systemctl restart NetworkManager
  inside nmcli -w 10 connection add type ethernet ifname eth0 con-name cable autoconnect no \
    ipv4.method manual ipv4.addresses 192.0.2.2/24 ipv4.gateway 192.0.2.1 ipv6.method disabled
}

# Makes the Debian packages in a directory. Tests that do so come one after the other: cpack writes into
# the build, too.
make_packages() {
  (cd "$build" && flock CPackConfig.cmake cpack -G DEB -B "$1") >"$1/log" 2>&1 || {
    cat "$1/log"
    exit 1
  }
}

files_there() {
  inside find / -xdev -path /proc -prune -o -path /sys -prune -o -path /run -prune -o -path /tmp -prune \
    -o -path /var/log -prune -o -print
}

# Prints which files of the second list are not in the first, but for those that any package leaves.
left_over() {
  comm -13 <(sort "$1") <(sort "$2") | grep --invert-match -e '^/root/' -e '^/var/lib/dpkg/' \
    -e '^/var/lib/systemd/' -e '^/var/cache/' -e '^/var/tmp/' -e '^/etc/\.' || true
}
