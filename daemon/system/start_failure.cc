#include "daemon/system/start_failure.h"

#include <cerrno>
#include <cstring>

#include "core/text.h"

namespace wm {

bool StartFailure::out_of_resources() const {
  if (stage == StartStage::state) return true;
  switch (error) {
    case EAGAIN:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ENOSPC:
    case EDQUOT:
    case ETXTBSY:
      return true;
    default:
      return false;
  }
}

std::string StartFailure::describe() const {
  const std::string name = " '" + printable(what) + "'";
  std::string text = "cannot ";
  switch (stage) {
    case StartStage::process:
      text += "create a process";
      break;
    case StartStage::session:
      text += "start a session";
      break;
    case StartStage::record:
      text += "record the process";
      break;
    case StartStage::bounds:
      text += "set its limits and priority";
      break;
    case StartStage::cgroup:
      text += "join its control group";
      break;
    case StartStage::files:
      text += "set up standard input, output and error";
      break;
    case StartStage::state:
      text += "make its state directory" + name;
      break;
    case StartStage::user:
      text += "become user " + what;
      break;
    case StartStage::directory:
      text += "change to the directory" + name;
      break;
    case StartStage::variables:
      text += "take its variables from" + name;
      break;
    case StartStage::program:
      text += "run" + name;
      break;
  }
  if (!detail.empty()) return text + detail;
  if (error == ENOEXEC) return text + ": it is neither a program nor a script that begins with #!";
  return text + ": " + std::strerror(error);
}

}  // namespace wm
