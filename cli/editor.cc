#include "cli/editor.h"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include <unistd.h>

#include "cli/child.h"
#include "config/read_file.h"

namespace wm::cli {
namespace {

// The variable is a shell's text and may have options, as for git and crontab.
std::string editor() {
  for (const char* const name : {"VISUAL", "EDITOR"}) {
    const char* const named = std::getenv(name);
    if (named && *named) return named;
  }
  return ::access("/usr/bin/editor", X_OK) == 0 ? "/usr/bin/editor" : "vi";
}

// Ctrl-C is the editor's while it runs.
class WithoutInterrupts {
 public:
  WithoutInterrupts()
      : interrupt_(std::signal(SIGINT, SIG_IGN)), quit_(std::signal(SIGQUIT, SIG_IGN)) {}
  WithoutInterrupts(const WithoutInterrupts&) = delete;
  WithoutInterrupts& operator=(const WithoutInterrupts&) = delete;
  ~WithoutInterrupts() {
    std::signal(SIGINT, interrupt_);
    std::signal(SIGQUIT, quit_);
  }

 private:
  void (*interrupt_)(int);
  void (*quit_)(int);
};

Result<> run_editor(const std::string& path) {
  const WithoutInterrupts ignored;
  const auto child = start({.words = {"/bin/sh", "-c", editor() + " \"$@\"", "sh", path},
                            .default_signals = {SIGINT, SIGQUIT}});
  if (!child) {
    return fail(ErrorCode::failed,
                std::string("cannot start the editor: ") + std::strerror(child.error()));
  }
  if (await_end(*child) == 0) return {};
  return fail(ErrorCode::failed, "the editor '" + editor() + "' has failed: nothing is changed");
}

}  // namespace

Result<EditedText> EditedText::create() {
  const char* const named = std::getenv("TMPDIR");
  std::string directory = (named && *named ? named : std::string("/tmp")) + "/wm-edit.XXXXXX";
  if (!::mkdtemp(directory.data())) {
    return fail(ErrorCode::failed, "cannot make " + directory + ": " + std::strerror(errno));
  }
  return EditedText(std::move(directory));
}

EditedText::EditedText(std::string directory)
    : directory_(std::move(directory)), path_(directory_ + "/jobs.toml") {}

EditedText::EditedText(EditedText&& other) noexcept
    : directory_(std::exchange(other.directory_, "")),
      path_(std::move(other.path_)),
      kept_(other.kept_) {}

EditedText::~EditedText() {
  if (directory_.empty() || kept_) return;
  std::error_code problem;
  std::filesystem::remove_all(directory_, problem);
}

Result<std::string> EditedText::edit(const std::string& text) const {
  std::ofstream file(path_, std::ios::trunc);
  if (!(file << text).flush()) return fail(ErrorCode::failed, "cannot write " + path_);
  file.close();
  if (auto done = run_editor(path_); !done) return std::unexpected(done.error());
  return read_file(path_);
}

}  // namespace wm::cli
