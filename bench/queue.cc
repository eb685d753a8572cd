#include "bench/queue.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace wm {

namespace json = boost::json;

std::string job_name(int number) { return "work-" + std::to_string(number); }

void register_jobs(RawConnection& connection, int count, const json::object& members) {
  constexpr int kAhead = 100;  // Half of the calls that wait for their answers at once.
  const auto take_answers = [&](int first) {
    for (int i = first; i < std::min(first + kAhead, count); ++i) {
      const auto answer = connection.receive();
      if (!answer || answer->find("\"error\"") != std::string::npos) std::abort();
    }
  };
  for (int first = 0; first < count; first += kAhead) {
    std::string calls;
    for (int i = first; i < std::min(first + kAhead, count); ++i) {
      json::object work = members;
      work["uniqueName"] = job_name(i);
      work["command"] = {"/bin/true"};
      calls += json::serialize(json::object{{"method", "io.wm.Scheduler.Register"},
                                            {"parameters", {{"work", std::move(work)}}}}) +
               '\0';
    }
    connection.send(calls);
    if (first > 0) take_answers(first - kAhead);
  }
  if (count > 0) take_answers((count - 1) / kAhead * kAhead);
}

void write_jobs(const std::string& file, int first, int count) {
  std::ofstream stream(file);
  for (int i = first; i < first + count; ++i) {
    stream << "[[work]]\nname = \"" << job_name(i)
           << "\"\ncommand = [\"/bin/true\"]\ninitial-delay = \"1h\"\ntags = [\"t" << i % 50
           << "\"]\n\n";
  }
}

}  // namespace wm
