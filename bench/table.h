// The table of figures, each beside the machine's own limit in the same run.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace wm {

/// The most or the least that a figure should be: its ratio, or itself if it has no yardstick.
struct Bound {
  double value = 0;
  bool at_least = false;
};

struct Figure {
  std::string name;
  double ours = 0;
  std::string unit;
  std::string against;  // The yardstick. Empty: the figure stands alone.
  double theirs = 0;
  std::optional<Bound> wanted;

  /// The ratio to the yardstick, or the figure itself.
  double value() const { return against.empty() ? ours : ours / theirs; }
};

class Table {
 public:
  /// Prints the figure in a row. If `earlier` has one of that name, it stands at the end.
  void add(const Figure& figure);

  /// Takes the figures of a file that save() has written for comparison. False: it has none.
  bool compare_with(const std::string& file);
  bool save(const std::string& file) const;

 private:
  std::vector<Figure> figures_;
  std::map<std::string, double> earlier_;  // The values by name.
};

}  // namespace wm
