// A file system that does not answer, such as an NFS mount whose server is gone.
#include <chrono>
#include <future>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/system/commands.h"

namespace wm {
namespace {

class HungDisk : public Commands {
 protected:
  // Mounts FUSE with nobody to serve it.
  bool mount_hung() {
    daemon_.stop();
    std::filesystem::create_directory(hung_);
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
      return false;
    }
    fuse_.reset(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
    if (!fuse_) return false;
    const std::string options =
        "fd=" + std::to_string(fuse_.get()) + ",rootmode=40000,user_id=0,group_id=0";
    if (::mount("none", hung_.c_str(), "fuse", 0, options.c_str()) != 0) return false;
    daemon_.start();
    return true;
  }
  ~HungDisk() override {
    fuse_.reset();  // Everybody who waits for it gets an error.
    ::umount2(hung_.c_str(), MNT_DETACH);
  }

  static json::object registration(const std::string& name, const std::string& program) {
    return {{"work", {{"kind", "oneoff"}, {"uniqueName", name}, {"command", {program}}}}};
  }

  const std::filesystem::path hung_ = daemon_.path() / "hung";
  UniqueFd fuse_;
};

TEST_F(HungDisk, HoldsUpNobodyElse) {
  if (!mount_hung()) GTEST_SKIP() << "no file system can be mounted here";
  const std::string program = (hung_ / "program").string();
  auto refused = std::async(std::launch::async, [&] {
    RawConnection connection(daemon_.socket());
    connection.send(json::serialize(json::object{{"method", "io.wm.Scheduler.Register"},
                                                 {"parameters", registration("a", program)}}) +
                    '\0');
    // The next call on the same connection waits for its turn.
    const json::object second =
        connection.call("io.wm.Scheduler.Register", registration("a", "/bin/true"));
    return std::pair(second, *connection.receive());
  });
  EXPECT_EQ(wm({"register-oneoff", "b", "--", "/bin/true"}).status, 0);
  ok({"wait", "b"});
  EXPECT_EQ(refused.wait_for(std::chrono::seconds(0)), std::future_status::timeout);

  const auto [first, second] = refused.get();
  EXPECT_NE(json::serialize(first).find("does not answer"), std::string::npos) << first;
  EXPECT_NE(second.find("enqueued"), std::string::npos) << second;
  ok({"wait", "a"});
  EXPECT_NE(wm({"update", "a", "--description", "x"}).err.find("has ended"), std::string::npos);
  const auto file = daemon_.path() / "work.toml";
  std::ofstream(file) << "[[work]]\nname = 'c'\ncommand = ['" << program << "']\n";
  const Output applied = wm({"apply", file.string()});
  EXPECT_NE(applied.err.find("work.toml: line 1: cannot run"), std::string::npos) << applied.err;
  EXPECT_NE(applied.err.find("does not answer"), std::string::npos) << applied.err;
}

}  // namespace
}  // namespace wm
