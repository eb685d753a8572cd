# Shared by the scripts: the packages that wm needs, and its build. Source it from the repository's top.
# shellcheck shell=bash

# Names separated by | are alternatives: the first one that the release has is taken. On Debian 12 the
# plain name means Boost 1.74, which has no JSON library.
# shellcheck disable=SC2034  # Read by the scripts that source this.
build_packages=(
  cmake ninja-build g++ pkg-config dbus-daemon
  'libboost1.81-dev|libboost-dev' 'libboost-json1.81-dev|libboost-json-dev'
  libcli11-dev libfmt-dev libgmock-dev libgtest-dev
  libhowardhinnant-date-dev libmnl-dev
  libspdlog-dev libsqlite3-dev libsqlitecpp-dev libsystemd-dev libtomlplusplus-dev
  libutf8proc-dev
  libpq-dev # Without it wm-fleet is left out.
  scdoc
)

# The tools that cpack calls for a Debian package.
# shellcheck disable=SC2034
package_tools=(dpkg-dev file)

# Varlink clients that others wrote, if the release has them. varlinkctl is in systemd.
# shellcheck disable=SC2034
foreign_clients=(varlink-go golang-go golang-github-varlink-go-dev python3-varlink systemd)

# What the tests of the fleet start for themselves: PostgreSQL, and a pool of connections to it.
fleet_packages=(postgresql postgresql-client pgbouncer)

# This directory keeps what is made once.
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/wm

# The root of the machine that tests/services boots; scripts/test-machine makes it.
# shellcheck disable=SC2034
test_machine=${WM_TEST_MACHINE:-$cache/test-machine}

# Prints those of the names that apt knows, one per line.
known_packages() {
  local package
  for package in $(packages_here "$@"); do
    [[ -z $(apt-cache show "$package" 2>/dev/null) ]] || echo "$package"
  done
}

is_installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Prints for each "a|b" the first name that this release has, else the last; one per line.
packages_here() {
  local known package name
  known=$(apt-cache pkgnames)
  for package in "$@"; do
    for name in ${package//|/ }; do
      grep --quiet --line-regexp --fixed-strings "$name" <<<"$known" && break
    done
    echo "$name"
  done
}

not_installed() {
  local package
  for package in "$@"; do
    is_installed "$package" || echo "$package"
  done
}

# Installs the packages that are missing; quick if none is.
require_packages() {
  local as_root=() missing
  ((EUID == 0)) || as_root=(sudo)
  # shellcheck disable=SC2046  # Names of packages have no spaces.
  [[ -n $(not_installed $(packages_here "$@")) ]] || return 0
  "${as_root[@]}" apt-get update -q
  # Look again: without package lists apt could not know the names.
  # shellcheck disable=SC2046
  mapfile -t missing < <(not_installed $(packages_here "$@"))
  echo "Installing: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# Installs the fleet's packages, and nothing begins to run: Debian's would make a database and start their
# services, if it were not for two files that are there meanwhile.
require_fleet_packages() (
  as_root=()
  ((EUID == 0)) || as_root=(sudo)
  [[ -n $(not_installed "${fleet_packages[@]}") ]] || exit 0
  policy=/usr/sbin/policy-rc.d
  clusters=/etc/postgresql-common/createcluster.d
  [[ ! -e $policy ]] || policy=
  trap '"${as_root[@]}" rm -f $policy $clusters/wm.conf
    "${as_root[@]}" rmdir --ignore-fail-on-non-empty $clusters' EXIT
  "${as_root[@]}" mkdir -p "$clusters"
  echo 'create_main_cluster = false' | "${as_root[@]}" tee "$clusters/wm.conf" >/dev/null
  if [[ -n $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
    "${as_root[@]}" chmod 755 "$policy"
  fi
  require_packages "${fleet_packages[@]}"
)

# Prints the name of this machine's release, for example bookworm.
release_here() { (. /etc/os-release && echo "$VERSION_CODENAME"); }

# Makes a root directory of a Debian release: make_root RELEASE ROOT [options of mmdebstrap]. The
# packages come from this machine's own mirror, through the same proxies. Says why if it fails.
make_root() {
  local release=$1 root=$2 mirror
  shift 2
  require_packages mmdebstrap debian-archive-keyring
  mkdir -p "$(dirname "$root")"
  # shellcheck disable=SC2016  # apt expands it.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' | head -1)
  apt-config dump --format '%F "%v";%n' | grep -E '^Acquire::(.*::Proxy|Check-)' >"$root.apt" || true
  mmdebstrap --mode=root --format=directory \
    --aptopt='APT::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --aptopt="$root.apt" "$@" "$release" "$root.part" ${mirror:+"$mirror"} 2>"$root.log" || {
    tail -5 "$root.log" >&2
    rm -rf "$root.part"
    return 1
  }
  rm -f "$root.log" "$root.apt"
  mv "$root.part" "$root"
}

# Configures and builds a preset of CMakePresets.json.
build() {
  cmake --preset "$1" >/dev/null
  cmake --build --preset "$1"
}

# How a tour looks: what comes, and each command before its output.
say() {
  local bold='' plain=''
  [[ ! -t 1 ]] || bold=$'\e[1m' plain=$'\e[0m'
  printf '\n%s# %s%s\n' "$bold" "$*" "$plain"
}
show() {
  local blue='' plain=''
  [[ ! -t 1 ]] || blue=$'\e[36m' plain=$'\e[0m'
  printf '%s$ %s%s\n' "$blue" "$*" "$plain"
  "$@"
}
until_there() {
  for ((i = 0; i < 200; ++i)); do
    [[ -e $1 ]] && return
    sleep 0.05
  done
  echo "demo: $1 did not appear" >&2
  exit 1
}
