// The user's editor.
#pragma once

#include <string>

#include "core/error.h"

namespace wm::cli {

/// A text that the user edits, in a file of a directory that nobody else can read. The file goes
/// with this object, unless it is kept.
class EditedText {
 public:
  static Result<EditedText> create();
  EditedText(EditedText&& other) noexcept;
  EditedText& operator=(EditedText&&) = delete;
  ~EditedText();

  const std::string& path() const { return path_; }
  /// Runs $VISUAL, $EDITOR, or else editor(1) or vi(1), and returns what the text is then.
  Result<std::string> edit(const std::string& text) const;
  void keep() { kept_ = true; }

 private:
  explicit EditedText(std::string directory);

  std::string directory_;
  std::string path_;
  bool kept_ = false;
};

}  // namespace wm::cli
