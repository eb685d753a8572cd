// The places of runs, and ending the processes that they name, but no others.
#include "daemon/runs/run_records.h"

#include <csignal>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "daemon/runs/processes.h"
#include "tests/support/programs.h"
#include "tests/support/temporary_directory.h"

namespace wm {
namespace {

TEST(RunRecords, EachRunHasAPlaceOfItsOwnUntilItsEnd) {
  const TemporaryDirectory directory;
  RunRecords records(directory.path() / "runs", true);
  const auto place = [&] { return records.reserve().value(); };
  EXPECT_EQ(records.resume(1).number, 1U) << "of a run that was handed over";
  const RunRecords::Place first = place();
  EXPECT_EQ(first.number, 0U);
  EXPECT_EQ(place().number, 2U) << "1 is taken";
  records.remove(first);
  EXPECT_EQ(place().number, 0U) << "it is free again";
}

// A restarted container has the same boot, and gives the same pids to other processes.
TEST(RunRecords, OfAnotherContainerEndNobody) {
  const Output begun = run_program(
      {"setsid", "--wait", "/bin/sh", "-c", "sleep 1000 </dev/null >/dev/null 2>&1 & echo $$ $!"});
  std::istringstream said(begun.out);
  pid_t session = 0;
  pid_t stranger = 0;
  ASSERT_TRUE(said >> session >> stranger);
  const TemporaryDirectory directory;
  const std::string path = (directory.path() / "runs").string();
  std::string boot;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), boot);
  const std::string space = std::filesystem::read_symlink("/proc/self/ns/pid").string();
  const std::string leader = std::to_string(session);
  std::ofstream file(path);
  // The second had the number of this pid namespace, which it no longer needs.
  for (const std::string& world : {boot, boot + ' ' + space + " 999999999"}) {
    std::string place = world + "\nsome-uuid\n";
    place.resize(512);
    place += leader + " (sh) S 1 " + leader + ' ' + leader;
    for (int field = 7; field < 22; ++field) place += " 0";
    place += " 1 ";
    place.resize(1024);
    file << place;
  }
  file.close();

  RunRecords(path, true).end_all();
  const auto process = read_process_stat(stranger);
  EXPECT_TRUE(process && !process->dead);
  ::kill(stranger, SIGKILL);
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace wm
