// Times, programs and sums of a handful of measurements.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace wm {

/// How often a long measurement is repeated, for its median.
inline constexpr int kRounds = 3;

double milliseconds_of(const std::function<void()>& body);

double median(std::vector<double> values);
double p99(std::vector<double> values);

/// Starts a program whose output is dropped. -1: there is no such program.
pid_t spawn(const std::vector<std::string>& command);
/// Runs it to its end. False if it fails, or if there is none.
bool run(const std::vector<std::string>& command);

}  // namespace wm
