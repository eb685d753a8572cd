// Names for jobs that had none.
#pragma once

#include <string>
#include <string_view>

namespace wm::cli {

/// A short name for a line of shell, after the program that does the work: `certbot` for
/// `test -x /usr/bin/certbot && nice certbot -q renew`.
std::string name_of_command(std::string_view shell_line);

/// The text as a name of letters, digits and `._@-`, never empty.
std::string valid_job_name(std::string_view text);

}  // namespace wm::cli
