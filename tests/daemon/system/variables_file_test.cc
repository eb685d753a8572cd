#include "daemon/system/variables_file.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace wm {
namespace {

struct Outcome {
  std::vector<std::string> variables;
  VariablesProblem problem = VariablesProblem::none;
  int line = 0;
};

Outcome read(std::string text) {
  const std::size_t size = text.size();
  text += '\0';
  VariablesReader reader;
  reader.at = text.data();
  reader.end = reader.at + size;
  Outcome outcome;
  while (const char* variable = reader.next()) outcome.variables.emplace_back(variable);
  outcome.problem = reader.problem;
  outcome.line = reader.line;
  return outcome;
}

std::vector<std::string> variables(const std::string& text) {
  const Outcome outcome = read(text);
  EXPECT_EQ(outcome.problem, VariablesProblem::none) << text << " line " << outcome.line;
  return outcome.variables;
}

using List = std::vector<std::string>;

TEST(VariablesFile, HasOneInEachLine) {
  EXPECT_EQ(variables(""), List{});
  EXPECT_EQ(variables("A=1\nB=\nC=x y"), (List{"A=1", "B=", "C=x y"}));
  EXPECT_EQ(variables("A=1\r\n\r\nB=2\r\n"), (List{"A=1", "B=2"}));
  EXPECT_EQ(variables("# A=1\n ; B=2\n\n  C=3  \n"), List{"C=3"});
}

TEST(VariablesFile, MayBeWrittenForAShell) {
  EXPECT_EQ(variables("export A=1\nexport\tB='2'\nexport=3"), (List{"A=1", "B=2", "export=3"}));
  EXPECT_EQ(variables("exported=1"), List{"exported=1"});
}

TEST(VariablesFile, KeepsWhatIsBetweenQuotes) {
  EXPECT_EQ(variables("A=' x '\nB=\" # \"\n"), (List{"A= x ", "B= # "}));
  EXPECT_EQ(variables(R"(A='\n"$x' )"), List{R"(A=\n"$x)"});
  EXPECT_EQ(variables(R"(A="\"\\\$\`\n")"), List{R"(A="\$`\n)"});
  EXPECT_EQ(variables("A=\"-----\nkey\n\"\nB='\n'"), (List{"A=-----\nkey\n", "B=\n"}));
  EXPECT_EQ(variables("A=\"x\\\ny\""), List{"A=xy"});
  EXPECT_EQ(variables("A=it's"), List{"A=it's"}) << "a quote within a value is a character";
}

TEST(VariablesFile, ABackslashKeepsTheNextCharacter) {
  EXPECT_EQ(variables(R"(A=a\\b\ )"), List{R"(A=a\b )"});
  EXPECT_EQ(variables("A=x\\\n  y\nB=1"), (List{"A=x  y", "B=1"}));
  EXPECT_EQ(variables("A=x\\"), List{"A=x"});
}

TEST(VariablesFile, NamesTheLineThatIsWrong) {
  const auto stops = [](const std::string& text, VariablesProblem problem, int line) {
    const Outcome outcome = read(text);
    EXPECT_EQ(outcome.problem, problem) << text;
    EXPECT_EQ(outcome.line, line) << text;
  };
  stops("A=1\n\nB\n", VariablesProblem::no_assignment, 3);
  stops("A = 1", VariablesProblem::no_assignment, 1);
  stops("1A=1", VariablesProblem::no_assignment, 1);
  stops("export", VariablesProblem::no_assignment, 1);
  stops("=1", VariablesProblem::no_assignment, 1);
  stops("A=1\nWM_INPUT=x", VariablesProblem::name_of_wm, 2);
  stops("A=1\nB=\"x\n\n", VariablesProblem::open_quote, 2);
  stops("A='x' y", VariablesProblem::after_quote, 1);
}

// The bytes after the text's end belong to nobody.
TEST(VariablesFile, StaysWithinItsText) {
  std::string text(kMostInVariablesFile, 'x');
  text[1] = '=';
  EXPECT_EQ(variables(text), List{text});
  std::string many;
  while (many.size() + 3 <= kMostInVariablesFile) many += "A=\n";
  EXPECT_LT(variables(many).size(), kMostVariables);
}

}  // namespace
}  // namespace wm
