# What the scripts share: the packages wm needs, and its build. Sourced, from the repository's top.
# shellcheck shell=bash

# Of names with | between them a release has one, the first that it has. Boost 1.74, which the plain
# name stands for on Debian 12, has no JSON library.
# shellcheck disable=SC2034  # Read by the scripts that source this.
build_packages=(
  cmake ninja-build g++ pkg-config dbus-daemon
  'libboost1.81-dev|libboost-dev' 'libboost-json1.81-dev|libboost-json-dev'
  libcli11-dev libfmt-dev libgmock-dev libgtest-dev
  libhowardhinnant-date-dev libmnl-dev
  libspdlog-dev libsqlite3-dev libsqlitecpp-dev libsystemd-dev libtomlplusplus-dev
  libutf8proc-dev
  scdoc
)

# What cpack calls for a Debian package.
# shellcheck disable=SC2034
package_tools=(dpkg-dev file)

# Clients that others wrote, each where the release has it. varlinkctl is systemd's.
# shellcheck disable=SC2034
foreign_clients=(varlink-go golang-go golang-github-varlink-go-dev python3-varlink systemd)

# What is made once, and kept.
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/wm

# The root of the machine that tests/services boots; scripts/test-machine makes it.
# shellcheck disable=SC2034
test_machine=${WM_TEST_MACHINE:-$cache/test-machine}

# Those of the names that apt knows; one a line.
known_packages() {
  local package
  for package in $(packages_here "$@"); do
    [[ -z $(apt-cache show "$package" 2>/dev/null) ]] || echo "$package"
  done
}

is_installed() {
  [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

# Of each "a|b" the first name that this release has, else the last; one a line.
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

# Installs those of the packages that are missing; quick when none is.
require_packages() {
  local as_root=() missing
  ((EUID == 0)) || as_root=(sudo)
  # shellcheck disable=SC2046  # Names of packages have no spaces.
  [[ -n $(not_installed $(packages_here "$@")) ]] || return 0
  "${as_root[@]}" apt-get update -q
  # Again: without lists of packages apt could not tell which names there are.
  # shellcheck disable=SC2046
  mapfile -t missing < <(not_installed $(packages_here "$@"))
  echo "Installing: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# The name of this machine's release: bookworm.
release_here() { (. /etc/os-release && echo "$VERSION_CODENAME"); }

# Makes a root directory of that Debian release, with what else mmdebstrap is told, from where this
# machine has its own packages, and by the same proxies. Says why where it cannot.
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
