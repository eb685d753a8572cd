#include <memory>

#include "cli/command.h"
#include "cli/offers.h"

namespace wm::cli {
namespace {

// Each script asks wm for the offers (cli/complete.h). Anybody may have chosen the names of jobs:
// each is one line, and no shell may ever expand it.

constexpr const char* kBash = R"bash(# wm completion bash
# bash also cuts words at = and :, and replaces only what follows: kept precedes it in the last one.
_wm_words() {
  local rest=${COMP_LINE:0:COMP_POINT} piece
  words=() kept=
  for piece in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    if [[ ${#words[@]} -eq 0 || $rest == [[:space:]]* ]]; then
      rest=${rest#"${rest%%[![:space:]]*}"}
      words+=('')
    fi
    [[ $rest == "$piece"* ]] || piece=$rest
    kept=${words[-1]}
    words[-1]+=$piece
    rest=${rest:${#piece}}
  done
  if [[ $piece == [=:@]* ]]; then kept=${words[-1]}; fi
}
# Offers what begins with the current word, as the shell would have it typed. Within quotes only
# what needs none is offered.
_wm_reply() {
  local offer part=${current#"$kept"} plain=${current//\\/} before=${kept//\\/}
  for offer in "${offers[@]}"; do
    case $part in
      [\'\"]*)
        [[ $offer == "$before${part:1}"* && $offer != *[!A-Za-z0-9\ ._/@:=+-]* ]] &&
          COMPREPLY+=("${offer#"$before"}")
        ;;
      *)
        [[ $offer == "$plain"* ]] || continue
        printf -v offer %q "${offer#"$before"}"
        COMPREPLY+=("$offer")
        ;;
    esac
  done
}
# The words after -- are a command line of their own.
_wm_command() {
  local at=1
  while [[ ${COMP_WORDS[at]} != -- ]]; do ((++at)); done
  ((++at))
  if declare -F _comp_command_offset >/dev/null; then
    _comp_command_offset "$at"
  elif declare -F _command_offset >/dev/null; then
    _command_offset "$at"
  else
    ((COMP_CWORD == at)) && mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[at]}")
    compopt -o default 2>/dev/null
  fi
}
_wm_complete() {
  local kept line directive=
  local -a words offers=()
  _wm_words
  local current=${words[-1]}
  words=("${words[@]:1}")
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      *$'\t'*) offers+=("${line%%$'\t'*}") ;;
      *) directive=$line ;;
    esac
  done < <(wm complete -- "${words[@]//[\'\"\\]/}" 2>/dev/null)
  case $directive in
    :files) compopt -o default 2>/dev/null ;;
    :directories) compopt -o dirnames 2>/dev/null ;;
    :command) _wm_command ;;
    *) _wm_reply ;;
  esac
}
complete -F _wm_complete wm
)bash";

constexpr const char* kZsh = R"zsh(#compdef wm
_wm() {
  local line offer directive at
  local -a lines offers
  lines=("${(@f)$(wm complete -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)}")
  for line in "${(@)lines:#}"; do
    if [[ $line != *$'\t'* ]]; then
      directive=$line
      continue
    fi
    # What follows a colon is the description.
    offer=${${line%%$'\t'*}//\\/\\\\}
    offer=${offer//:/\\:}
    line=${line#*$'\t'}
    offers+=("$offer${line:+:$line}")
  done
  case $directive in
    :files)
      [[ $PREFIX == --*=* ]] && compset -P 1 '*='
      _files
      ;;
    :directories)
      [[ $PREFIX == --*=* ]] && compset -P 1 '*='
      _files -/
      ;;
    :command)
      at=${words[(i)--]}
      shift $at words
      ((CURRENT -= at))
      _normal
      ;;
    *) (($#offers)) && _describe wm offers ;;
  esac
}
# The file is read at the first time that something is completed.
if [[ $funcstack[1] == _wm ]]; then _wm "$@"; else compdef _wm wm; fi
)zsh";

constexpr const char* kFish = R"fish(# wm completion fish
function __wm_complete
  set -l words (commandline -opc)
  set -e words[1]
  set -l current (commandline -ct)
  set -l lines (wm complete -- $words "$current" 2>/dev/null)
  # The paths of --option=PATH.
  set -l before (string match -r -- '^--[a-z-]+=' "$current")
  set -l path (string replace -r -- '^--[a-z-]+=' '' "$current")
  switch "$lines[1]"
    case :files
      string replace -r -- '^' "$before" (__fish_complete_path "$path")
    case :directories
      string replace -r -- '^' "$before" (__fish_complete_directories "$path")
    case :command
      set -e words[1..(contains -i -- -- $words)]
      complete -C (string join ' ' -- (string escape -- $words) "$current")
    case '*'
      string join \n -- $lines
  end
end
complete -c wm -f -a '(__wm_complete)'
)fish";

const char* script_for(Shell shell) {
  switch (shell) {
    case Shell::bash:
      return kBash;
    case Shell::zsh:
      return kZsh;
    case Shell::fish:
      return kFish;
  }
  return "";
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
    const auto known = parse_word<Shell>(*shell);
    if (!known) return session.complain(known.error());
    session.out() << script_for(*known);
    return static_cast<int>(kDone);
  };
}

}  // namespace wm::cli
