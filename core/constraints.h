// Every constraint, described once. A new one is an enumerator and a row here, and a probe that
// measures it: everything else that knows the constraints loops over the rows.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "core/error.h"
#include "core/words.h"

namespace wm {

/// The numbers are on disk (core/stop_reason.h), so they never change. They are also the order in
/// which constraints are shown: a new one takes the first free number, and `custom` stays the last.
enum class Constraint : std::uint8_t {
  network = 0,
  charging = 1,
  battery_not_low = 2,
  storage_not_low = 3,
  idle = 4,
  between = 5,
  custom = 15,
};

/// The form of a constraint in a request: a type of network, a flag, names of conditions that the
/// configuration declares, or windows of local time.
enum class ConstraintForm : std::uint8_t { network_type, flag, names, windows };

struct ConstraintDef {
  Constraint id;
  ConstraintForm form = ConstraintForm::flag;
  std::string_view name;       // In --prefer, in explanations and in stop reasons.
  std::string_view option;     // Without dashes; also the key in a file of works.
  std::string_view json;       // On the wire, and in documents on disk.
  std::string_view condition;  // The condition concerned, also the key in [unknown]; empty: none.
  std::string_view awaited;    // A job waits for this; empty: it depends on the value.
  std::string_view yes = "yes";
  std::string_view no = "no";
  std::string_view metavar;        // For the option's value; a flag has none.
  std::string_view help;           // For the option.
  std::string_view remedy;         // Advice for making the condition known.
  bool light = false;              // Expedited jobs may name it.
  bool settable_unknown = false;   // [unknown] may say how it counts while it is unknown.
  bool holds_when_unknown = true;  // Unless [unknown] says otherwise. A metered network never does.
};

/// In the order of their numbers.
inline constexpr std::array kConstraints{
    ConstraintDef{
        .id = Constraint::network,
        .form = ConstraintForm::network_type,
        .name = "network",
        .option = "network",
        .json = "network",
        .condition = "network",
        .metavar = "TYPE",
        .help = "connected, unmetered, metered or not-roaming",
        .remedy = "install network-manager, or let wmd read the kernel's routes (AF_NETLINK)",
        .light = true,
        .settable_unknown = true,
    },
    ConstraintDef{
        .id = Constraint::charging,
        .name = "charging",
        .option = "charging",
        .json = "charging",
        .condition = "charging",
        .awaited = "external power",
        .help = "Run only on external power",
        .remedy = "install upower, or let wmd read /sys/class/power_supply",
        .settable_unknown = true,
    },
    ConstraintDef{
        .id = Constraint::battery_not_low,
        .name = "battery-not-low",
        .option = "battery-not-low",
        .json = "batteryNotLow",
        .condition = "battery",
        .awaited = "a battery that is not low",
        .yes = "ok",
        .no = "low",
        .help = "Do not run while the battery is low",
        .remedy = "install upower, or let wmd read /sys/class/power_supply",
        .settable_unknown = true,
    },
    ConstraintDef{
        .id = Constraint::storage_not_low,
        .name = "storage-not-low",
        .option = "storage-not-low",
        .json = "storageNotLow",
        .condition = "storage",
        .awaited = "more free disk space",
        .yes = "ok",
        .no = "low",
        .help = "Do not run while disk space is low",
        .remedy = "correct storage.paths: they must exist and answer",
        .light = true,
    },
    ConstraintDef{
        .id = Constraint::idle,
        .name = "idle",
        .option = "idle",
        .json = "idle",
        .condition = "idle",
        .awaited = "a machine that nobody uses",
        .help = "Run only while nobody uses the machine",
        .remedy = "install systemd-logind (libpam-systemd)",
        .settable_unknown = true,
    },
    ConstraintDef{
        .id = Constraint::between,
        .form = ConstraintForm::windows,
        .name = "between",
        .option = "between",
        .json = "between",
        .metavar = "[DAYS ]HH:MM-HH:MM",
        .help = "22:00-06:00, \"Mon-Fri 09:00-17:00\"; repeatable",
    },
    ConstraintDef{
        .id = Constraint::custom,
        .form = ConstraintForm::names,
        .name = "custom",
        .option = "require",
        .json = "custom",
        .condition = "custom",
        .metavar = "NAME",
        .help = "A condition that the configuration declares",
        .remedy = "see unknown in wmd.toml(5)",
        .holds_when_unknown = false,
    },
};

constexpr std::size_t number_of(Constraint constraint) {
  return static_cast<std::size_t>(constraint);
}

/// One more than the largest number.
inline constexpr std::size_t kConstraintNumbers = number_of(kConstraints.back().id) + 1;

static_assert(std::ranges::adjacent_find(kConstraints, std::ranges::greater_equal{},
                                         &ConstraintDef::id) == kConstraints.end(),
              "the rows stand in the order of their numbers, and no number is there twice");

constexpr const ConstraintDef& def_of(Constraint constraint) {
  return *std::ranges::find(kConstraints, constraint, &ConstraintDef::id);
}

/// A word from each constraint's row, at its number; "" if no constraint has that number.
constexpr std::array<std::string_view, kConstraintNumbers> words_by_number(
    std::string_view ConstraintDef::* word) {
  std::array<std::string_view, kConstraintNumbers> words{};
  for (const ConstraintDef& one : kConstraints) words[number_of(one.id)] = one.*word;
  return words;
}

template <>
struct Words<Constraint> {
  static constexpr std::string_view noun = "constraint";
  static constexpr auto list = words_by_number(&ConstraintDef::name);
};

/// The constraint about the condition `text`.
Result<Constraint> parse_condition_word(std::string_view text);

/// Some of the constraints.
class ConstraintSet {
 public:
  constexpr ConstraintSet() = default;
  constexpr ConstraintSet(std::initializer_list<Constraint> constraints) {
    for (const Constraint one : constraints) set(one);
  }

  constexpr bool has(Constraint one) const { return (bits_ & bit(one)) != 0; }
  constexpr void set(Constraint one, bool is_in = true) {
    bits_ = is_in ? bits_ | bit(one) : bits_ & ~bit(one);
  }

  /// Calls `visit(constraint)` for each of them, in the order of their numbers.
  template <class Visit>
  constexpr void each(Visit visit) const {
    for (std::uint32_t rest = bits_; rest != 0; rest &= rest - 1) {
      visit(static_cast<Constraint>(std::countr_zero(rest)));
    }
  }

  friend constexpr ConstraintSet operator|(ConstraintSet a, ConstraintSet b) {
    a.bits_ |= b.bits_;
    return a;
  }
  auto operator<=>(const ConstraintSet&) const = default;

 private:
  static constexpr std::uint32_t bit(Constraint one) { return std::uint32_t{1} << number_of(one); }

  std::uint32_t bits_ = 0;
};

/// A value for each constraint; `T{}` where none is given.
template <class T>
class ByConstraint {
 public:
  constexpr ByConstraint() = default;
  constexpr ByConstraint(std::initializer_list<std::pair<Constraint, T>> values) {
    for (const auto& [constraint, value] : values) (*this)[constraint] = value;
  }

  constexpr T& operator[](Constraint one) { return values_[number_of(one)]; }
  constexpr const T& operator[](Constraint one) const { return values_[number_of(one)]; }
  bool operator==(const ByConstraint&) const = default;

 private:
  std::array<T, kConstraintNumbers> values_{};
};

}  // namespace wm
