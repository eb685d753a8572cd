// The time zone of calendars and windows: $TZ, else /etc/localtime, which is followed.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <date/tz.h>

namespace wm {

/// The zone that a value of $TZ names (tzset(3)): its name in the zone database, with or without a
/// colon, its file there, or whole hours from UTC (JST-9). Nothing: it names none, or it has rules
/// for daylight saving, which are not read. Empty is UTC.
const date::time_zone* named_zone(const std::string& tz);

class LocalZone {
 public:
  /// `changed` is called each time another zone takes its place.
  LocalZone(boost::asio::io_context& loop, std::function<void()> changed);

  /// nullptr: the zone is UTC, or unknown, and then UTC counts.
  const date::time_zone* zone() const { return zone_; }
  /// Says why $TZ or /etc/localtime names no zone; empty: it names one.
  const std::string& problem() const { return problem_; }

  /// Looks again: without inotify nobody reports that the zone was replaced.
  void look();

 private:
  const date::time_zone* read();
  void watch();
  void listen();

  boost::asio::posix::stream_descriptor watch_;
  std::function<void()> changed_;
  std::string problem_;
  const date::time_zone* zone_;  // Made after problem_, which reading it may set.
};

}  // namespace wm
