#include <algorithm>
#include <array>
#include <memory>

#include "cli/command.h"
#include "cli/render/work.h"
#include "cli/shell_words.h"
#include "core/request_fields.h"

namespace wm::cli {

enum class Shell : std::uint8_t { bash, zsh, fish };

}  // namespace wm::cli

template <>
struct wm::Words<wm::cli::Shell> {
  static constexpr std::string_view noun = "SHELL";
  static constexpr std::array<std::string_view, 3> list{"bash", "zsh", "fish"};
};

namespace wm::cli {
namespace {

constexpr const char* kGlobalOptions =
    "--json --user --system --socket --owner --color --help --version";

// The names of jobs come from the daemon, if it runs: completion must not start one. Anybody may
// have chosen them, so each is one line, and no shell may ever expand it.
constexpr const char* kNames = "WM_AUTOSTART=0 wm completion names 2>/dev/null";

constexpr const char* kBash = R"bash(
_wm_names() {
  local name
  while IFS= read -r name; do
    offers+=("$name")
  done < <(@NAMES@)
}
# Offers what begins with the current word, as the shell would have it typed. Within quotes only
# what needs none is offered.
_wm_reply() {
  local offer plain=${current//\\/}
  for offer in "${offers[@]}"; do
    case $current in
      [\'\"]*) [[ $offer == "${current:1}"* && $offer != *[!A-Za-z0-9\ ._/@:+-]* ]] &&
        COMPREPLY+=("$offer") ;;
      *) [[ $offer == "$plain"* ]] && COMPREPLY+=("$(printf %q "$offer")") ;;
    esac
  done
}
_wm_complete() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word command=
  for word in "${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    if [[ $word != -* ]]; then
      command=$word
      break
    fi
  done
  local -a offers=()
  COMPREPLY=()
  case $command/$previous in
    */--socket | */--cwd | */--input-json)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    prune/--state | */--after) _wm_names ;;
@VALUES@    *)
      case $command in
        '') offers=(@COMMANDS@) ;;
@CASES@      esac
      ;;
  esac
  _wm_reply
}
complete -o default -F _wm_complete wm
)bash";

constexpr const char* kZsh = R"zsh(#compdef wm
_wm_names() {
  offers+=("${(@f)$(@NAMES@)}")
}
_wm() {
  local word command=
  local -a offers=()
  for word in "${(@)words[2,CURRENT-1]}"; do
    if [[ $word != -* ]]; then
      command=$word
      break
    fi
  done
  case $command/${words[CURRENT-1]} in
    */--socket | */--cwd | */--input-json) _files && return ;;
    prune/--state | */--after) _wm_names ;;
@VALUES@    *)
      case $command in
        '') offers=(@COMMANDS@) ;;
@CASES@      esac
      ;;
  esac
  offers=("${(@)offers:#}")
  (($#offers)) && compadd -a offers
}
# The file is read at the first time that something is completed.
if [[ $funcstack[1] == _wm ]]; then _wm "$@"; else compdef _wm wm; fi
)zsh";

std::string words_in(std::span<const std::string_view> words) {
  std::string all;
  for (const std::string_view one : words) {
    if (!one.empty()) all += std::string(all.empty() ? "" : " ") + std::string(one);
  }
  return all;
}

struct OptionValues {
  std::string name;  // The name without dashes.
  std::string words;
};

std::vector<OptionValues> make_option_values() {
  std::vector<OptionValues> values{{"color", words_in(Words<ColorChoice>::list)},
                                   {"existing", words_in(Words<ExistingPolicy>::list)},
                                   {"state", words_in(Words<WorkState>::list)}};
  for (const Field& field : request_fields()) {
    const auto words = field.value->words();
    if (!field.option.empty() && !words.empty()) {
      values.push_back({std::string(field.option_name()), words_in(words)});
    }
  }
  return values;
}

// The values of options with a closed set.
const std::vector<OptionValues>& option_values() {
  static const std::vector<OptionValues> kValues = make_option_values();
  return kValues;
}

struct Shape {
  std::string name;
  std::string summary;
  std::string words;  // Options and subcommands.
  bool takes_names = false;
  std::vector<std::pair<std::string, std::string>> options;  // Names without dashes, and the help.
};

// Takes the shapes from the declarations of the commands themselves, so that none is missed.
std::vector<Shape> shapes() {
  std::vector<Shape> list;
  for (const Command& command : all_commands()) {
    CLI::App app;
    command.set_up(app, {});
    Shape shape{command.name, command.summary, "", false, {}};
    for (const CLI::App* sub : app.get_subcommands({})) shape.words += sub->get_name() + ' ';
    for (const CLI::Option* option : app.get_options()) {
      if (option->get_positional()) shape.takes_names |= option->get_name().starts_with("NAME");
      for (const std::string& name : option->get_lnames()) {
        shape.words += "--" + name + ' ';
        std::string says = option->get_description();
        says.resize(std::min(says.size(), says.find('\n')));
        shape.options.emplace_back(name, says);
      }
    }
    list.push_back(std::move(shape));
  }
  return list;
}

void replace(std::string& text, std::string_view mark, const std::string& by) {
  text.replace(text.find(mark), mark.size(), by);
}

// Fills in what bash and zsh share: the case for each command, and for each option with a closed
// set.
std::string filled(std::string script) {
  std::string commands;
  std::string cases;
  for (const Shape& shape : shapes()) {
    commands += shape.name + ' ';
    cases += "        " + shape.name + ") offers=(" + shape.words + kGlobalOptions + ")" +
             (shape.takes_names ? " && _wm_names" : "") + " ;;\n";
  }
  std::string values = "    */completion) offers=(" + words_in(Words<Shell>::list) + ") ;;\n";
  for (const OptionValues& one : option_values()) {
    values += "    */--" + one.name + ") offers=(" + one.words + ") ;;\n";
  }
  replace(script, "@VALUES@", values);
  replace(script, "@NAMES@", kNames);
  replace(script, "@COMMANDS@", commands + kGlobalOptions);
  replace(script, "@CASES@", cases);
  return script;
}

std::string bash_script() { return "# wm completion bash" + filled(kBash); }

std::string zsh_script() { return filled(kZsh); }

std::string fish_script() {
  std::string script = "# wm completion fish\nfunction __wm_names\n  " + std::string(kNames) +
                       "\nend\ncomplete -c wm -f\n";
  for (const Shape& shape : shapes()) {
    script += "complete -c wm -n __fish_use_subcommand -a " + shape.name + " -d " +
              in_single_quotes(shape.summary) + '\n';
    const std::string seen = " -n '__fish_seen_subcommand_from " + shape.name + "'";
    if (shape.takes_names) script += "complete -c wm" + seen + " -a '(__wm_names)'\n";
    for (const auto& [name, says] : shape.options) {
      const auto values = std::ranges::find(option_values(), name, &OptionValues::name);
      std::string only;
      if (values != option_values().end()) only = " -x -a " + in_single_quotes(values->words);
      if (name == "after" || (name == "state" && shape.name == "prune"))
        only = " -x -a '(__wm_names)'";
      script +=
          "complete -c wm" + seen + " -l " + name + only + " -d " + in_single_quotes(says) + '\n';
    }
  }
  return script;
}

// Prints one name per line: no name contains a line break.
int print_names(Session& session) {
  const auto works = session.collect("List", {{"finished", true}}, "works");
  if (!works) return session.complain(works.error());
  for (const boost::json::value& work : *works) {
    session.out() << text_of(work.as_object(), "uniqueName") << '\n';
  }
  return kDone;
}

}  // namespace

Command::Run set_up_completion(CLI::App& app, const CommandLine&) {
  const auto shell = std::make_shared<std::string>();
  app.add_option("SHELL", *shell, "bash, zsh or fish")->required()->type_name("");
  app.footer(
      "The package installs these already. By hand:\n"
      "  wm completion bash >~/.local/share/bash-completion/completions/wm\n"
      "  wm completion fish >~/.config/fish/completions/wm.fish\n"
      "Example: wm completion zsh >_wm");
  return [shell](Session& session) {
    if (*shell == "names") return print_names(session);  // The scripts themselves ask for these.
    const auto known = parse_word<Shell>(*shell);
    if (!known) return session.complain(known.error());
    session.out() << (*known == Shell::bash  ? bash_script()
                      : *known == Shell::zsh ? zsh_script()
                                             : fish_script());
    return static_cast<int>(kDone);
  };
}

}  // namespace wm::cli
