#include "cli/job_or_command.h"

#include <chrono>
#include <ostream>

#include "cli/mistakes.h"
#include "cli/render/why.h"
#include "core/json_fields.h"
#include "core/suggest.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

constexpr std::chrono::milliseconds kShortly{500};

std::string questions_about(const std::string& job) {
  return command_line("show", job) + ", " + command_line("why", job) + ", " +
         command_line("logs", job);
}

// Reads only the first page of the list.
std::vector<std::string> names_of_jobs(Client& client) {
  std::vector<std::string> names;
  const auto page = client.call("List", {{"finished", true}});
  if (!page) return names;
  for (const json::value& work : array_of(*page, "works")) {
    names.push_back(text_of(work.as_object(), "uniqueName"));
  }
  return names;
}

}  // namespace

std::string no_command(const std::string& word, GlobalOptions options) {
  if (word.empty()) return unknown_command(word);
  options.starts_daemon = false;
  std::ostream nowhere(nullptr);
  Session session(std::move(options), {nowhere, nowhere});
  auto client = session.connect();
  if (!client) return unknown_command(word);
  client->set_deadline(std::chrono::steady_clock::now() + kShortly);
  if (client->call("Why", {{"uniqueName", word}})) {
    return word + " is a job: " + questions_about(word);
  }
  std::string unknown = unknown_command(word);
  if (unknown.ends_with('?')) return unknown;
  const std::vector<std::string> names = names_of_jobs(*client);
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string_view meant = closest(word, known);
  const std::string what = "unknown command '" + word + "'";
  if (meant.empty()) return names.empty() ? unknown : what + ", and no job";
  return what + ": did you mean the job " + std::string(meant) + ": " +
         questions_about(std::string(meant)) + "?";
}

}  // namespace wm::cli
