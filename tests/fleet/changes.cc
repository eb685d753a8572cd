#include "tests/fleet/changes.h"

#include <array>
#include <stdexcept>
#include <utility>

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

namespace wm::fleet {

namespace {

// The function is in another schema: what is in the fleet's own is tested.
constexpr const char* kTell = R"(
create function public.wm_tell() returns trigger language plpgsql as
  'begin notify wm_test; return null; end';
do $$ declare one text; begin
  for one in select tablename from pg_tables where schemaname = 'wm' loop
    execute format('create trigger wm_tell after insert or update or delete on wm.%I '
                   'execute function public.wm_tell()', one);
  end loop;
end $$)";

}  // namespace

Changes::Changes() : files_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {}

void Changes::watch_files(const std::filesystem::path& directory) const {
  if (::inotify_add_watch(files_.get(), directory.c_str(), IN_CREATE | IN_MOVED_TO) < 0) {
    throw std::runtime_error("cannot watch " + directory.string());
  }
}

void Changes::watch_rows(const std::string& conninfo) {
  database_.reset(PQconnectdb(conninfo.c_str()));
  if (!std::exchange(told_, true)) PQclear(PQexec(database_.get(), kTell));
  PQclear(PQexec(database_.get(), "listen wm_test"));
  if (const std::string problem = PQerrorMessage(database_.get()); !problem.empty()) {
    throw std::runtime_error(problem);
  }
}

bool Changes::wait(std::chrono::steady_clock::time_point last) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(last - std::chrono::steady_clock::now());
  if (left.count() <= 0) return false;
  pollfd events[] = {{files_.get(), POLLIN, 0},
                     {database_ ? PQsocket(database_.get()) : -1, POLLIN, 0}};
  ::poll(events, 2, static_cast<int>(left.count()));
  std::array<char, 4096> ignored{};
  while (::read(files_.get(), ignored.data(), ignored.size()) > 0) continue;
  if (events[1].revents == 0) return true;
  if (PQconsumeInput(database_.get()) == 0) database_.reset();  // The server has ended.
  while (database_) {
    PGnotify* const one = PQnotifies(database_.get());
    if (!one) break;
    PQfreemem(one);
  }
  return true;
}

}  // namespace wm::fleet
