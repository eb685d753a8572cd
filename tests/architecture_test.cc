// The house keeps its shape: dependencies point one way, and core/ touches nothing.
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>

#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

const fs::path kTop = WM_SOURCE_DIR;

std::vector<fs::path> sources(const std::string& room) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(kTop / room)) {
    const auto ending = entry.path().extension();
    if (ending == ".cc" || ending == ".h" || ending == ".in") files.push_back(entry.path());
  }
  EXPECT_FALSE(files.empty()) << room;
  return files;
}

std::string read(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) {
    found.insert((*it)[1]);
  }
  return found;
}

TEST(Architecture, NoArrowPointsUp) {
  const std::map<std::string, std::set<std::string>> allowed{
      {"core", {"core"}},
      {"config", {"core", "config"}},
      {"daemon", {"core", "config", "daemon"}},
      {"cli", {"core", "config", "cli"}},
      {"fleet", {"core", "config", "cli", "fleet"}},
  };
  for (const auto& [room, others] : allowed) {
    for (const fs::path& file : sources(room)) {
      for (const std::string& used : matches(read(file), "#include \"([a-z]+)/")) {
        EXPECT_TRUE(others.contains(used)) << file << " includes " << used << "/";
      }
    }
  }
}

// The floors of daemon/, from the ground. Rooms of one floor do not know each other; the files of
// daemon/ itself are the top floor.
TEST(Architecture, TheDaemonsFloorsKnowOnlyThoseBelow) {
  const std::map<std::string, int> floors{
      {"system", 1},   {"runs", 2}, {"store", 2},  {"wire", 2},   {"probes", 2},
      {"triggers", 2}, {"turn", 3}, {"notify", 3}, {"upkeep", 4}, {"methods", 5},
  };
  constexpr int kTopFloor = 6;
  // daemon/ROOM/FILE is in ROOM; empty: at the top.
  const auto room_of = [](const std::string& path) {
    const fs::path inside = fs::path(path).lexically_relative("daemon");
    return inside.has_parent_path() ? inside.parent_path().string() : std::string();
  };
  const auto floor_of = [&](const std::string& room) {
    if (room.empty()) return kTopFloor;
    const auto floor = floors.find(room);
    EXPECT_NE(floor, floors.end()) << "daemon/" << room << "/ stands on no floor";
    return floor == floors.end() ? kTopFloor : floor->second;
  };
  for (const fs::path& file : sources("daemon")) {
    const std::string room = room_of(fs::relative(file, kTop).string());
    for (const std::string& used : matches(read(file), "#include \"(daemon/[^\"]+)\"")) {
      if (room_of(used) == room) continue;
      EXPECT_LT(floor_of(room_of(used)), floor_of(room)) << file << " includes " << used;
    }
  }
}

TEST(Architecture, CoreIncludesNothingThatTouchesTheWorld) {
  // core/ may use the standard library's pure parts, containers and JSON from Boost, the types
  // uid_t and pid_t, and the rules of time zones, which come in as an argument.
  const std::set<std::string> pure{"algorithm",
                                   "array",
                                   "bit",
                                   "bitset",
                                   "boost/archive/iterators/base64_from_binary.hpp",
                                   "boost/archive/iterators/binary_from_base64.hpp",
                                   "boost/archive/iterators/transform_width.hpp",
                                   "boost/container/flat_map.hpp",
                                   "boost/container/flat_set.hpp",
                                   "boost/container_hash/hash.hpp",
                                   "boost/flyweight.hpp",
                                   "boost/flyweight/no_locking.hpp",
                                   "boost/flyweight/set_factory.hpp",
                                   "boost/intrusive/set.hpp",
                                   "boost/json.hpp",
                                   "cassert",
                                   "cctype",
                                   "charconv",
                                   "chrono",
                                   "compare",
                                   "cstdint",
                                   "cstring",
                                   "date/tz.h",
                                   "deque",
                                   "expected",
                                   "functional",
                                   "initializer_list",
                                   "limits",
                                   "map",
                                   "memory",
                                   "optional",
                                   "set",
                                   "span",
                                   "stdexcept",
                                   "string",
                                   "string_view",
                                   "sys/types.h",
                                   "tuple",
                                   "unordered_map",
                                   "unordered_set",
                                   "utility",
                                   "variant",
                                   "vector"};
  for (const fs::path& file : sources("core")) {
    for (const std::string& header : matches(read(file), "#include <([^>]+)>")) {
      EXPECT_TRUE(pure.contains(header)) << file << " includes <" << header << ">";
    }
  }
}

TEST(Architecture, CoreAsksNobodyForTheTime) {
  for (const fs::path& file : sources("core")) {
    const std::string text = read(file);
    for (const char* clock :
         {"_clock::now", "time(nullptr", "gettimeofday", "localtime", "::getenv("}) {
      EXPECT_EQ(text.find(clock), std::string::npos) << file << " uses " << clock;
    }
  }
}

TEST(Architecture, EveryFileSaysWhatItIsFor) {
  for (const char* room : {"core", "config", "daemon", "cli"}) {
    for (const fs::path& file : sources(room)) {
      EXPECT_TRUE(file.extension() != ".h" || read(file).starts_with("// ")) << file;
    }
  }
}

}  // namespace
