#include <memory>

#include <boost/archive/iterators/binary_from_base64.hpp>
#include <boost/archive/iterators/transform_width.hpp>

#include "cli/command.h"
#include "cli/render/work.h"
#include "core/text.h"

namespace wm::cli {

namespace json = boost::json;

namespace {

struct LogsOptions {
  std::string name;
  int run = 0;
  bool errors = false;
};

std::string decode_base64(std::string_view text) {
  using Decoder = boost::archive::iterators::transform_width<
      boost::archive::iterators::binary_from_base64<std::string_view::const_iterator>, 8, 6>;
  const std::size_t padding = text.size() - text.find_last_not_of('=') - 1;
  text.remove_suffix(padding);
  return {Decoder(text.begin()), Decoder(text.end())};
}

// A document is UTF-8; what is not stays in base64.
json::object document_of(const LogsOptions& options, std::int64_t run, const std::string& bytes,
                         const std::string& base64) {
  json::object document{
      {"uniqueName", options.name}, {"run", run}, {"stream", options.errors ? "stderr" : "stdout"}};
  if (is_utf8(bytes)) {
    document["text"] = bytes;
  } else {
    document["base64"] = base64;
  }
  return document;
}

int logs(Session& session, const LogsOptions& options) {
  json::object parameters{{"uniqueName", options.name}, {"stderr", options.errors}};
  if (options.run > 0) parameters["run"] = options.run;
  auto client = session.connect();
  if (!client) return session.complain(client.error());
  std::int64_t run = 0;
  std::string all;
  std::string all_base64;
  const auto done = client->stream("Logs", std::move(parameters), [&](const json::object& part) {
    const std::string base64 = text_of(part, "data");
    run = number_of(part, "run");
    const std::string bytes = decode_base64(base64);
    if (!session.json()) {
      session.out() << bytes;
      return;
    }
    all += bytes;
    all_base64 += base64;
  });
  if (!done) return session.complain(done.error());
  if (session.json()) session.print(document_of(options, run, all, all_base64));
  return kDone;
}

}  // namespace

Command::Run set_up_logs(CLI::App& app, const Trailing&) {
  auto options = std::make_shared<LogsOptions>();
  app.add_option("NAME", options->name, "The work's unique name")->required()->type_name("");
  app.add_option("--run", options->run, "That run, as wm history numbers them (the newest)")
      ->type_name("N")
      ->check(CLI::Range(1, 2'147'483'647));
  app.add_flag("--stderr", options->errors, "Its standard error instead of its standard output");
  app.footer("Example: wm logs oneoff-sync-001\n         wm logs oneoff-sync-001 --run 2 --stderr");
  return [options](Session& session) { return logs(session, *options); };
}

}  // namespace wm::cli
