// Prepared statements: binding parameters and reading rows.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <SQLiteCpp/SQLiteCpp.h>
#include <boost/json.hpp>

#include "core/time.h"
#include "daemon/store/store.h"

namespace wm {

/// A wall around a library that throws its own exceptions.
template <class Body>
auto guarded(Body body) {
  try {
    return body();
  } catch (const SQLite::Exception& e) {
    throw StoreError(e.what());
  }
}

/// The values as one parameter, for json_each().
template <class Values>
std::string json_list(const Values& values) {
  return boost::json::serialize(boost::json::value_from(values));
}

/// A text that outlives the query, and is not copied for it.
struct Lasting {
  const std::string& text;
};

/// A statement in use. Its end resets it, so that it takes other parameters and no longer reads.
class Query {
 public:
  explicit Query(SQLite::Statement& statement) : statement_(statement) {}
  ~Query() { statement_.tryReset(); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  template <class... Values>
  Query& bind(const Values&... values) {
    (bind_next(values), ...);
    return *this;
  }
  bool step() { return statement_.executeStep(); }
  std::int64_t integer(int column) const { return statement_.getColumn(column).getInt64(); }
  std::string text(int column) const { return statement_.getColumn(column).getString(); }
  bool is_null(int column) const { return statement_.isColumnNull(column); }
  StopReason stop_reason(int column) const {
    return stop_reason_of(static_cast<int>(integer(column)));
  }
  TimePoint time(int column) const { return TimePoint{Duration{integer(column)}}; }
  template <class E>
  E enumerator(int column) const {
    return static_cast<E>(integer(column));
  }

 private:
  void bind_next(std::int64_t value) { statement_.bind(++bound_, value); }
  void bind_next(std::int32_t value) { statement_.bind(++bound_, value); }
  void bind_next(std::uint32_t value) { statement_.bind(++bound_, value); }
  void bind_next(bool value) { statement_.bind(++bound_, value ? 1 : 0); }
  void bind_next(const std::string& value) { statement_.bind(++bound_, value); }
  void bind_next(Lasting value) { statement_.bindNoCopy(++bound_, value.text); }
  void bind_next(Duration value) { bind_next(std::int64_t{value.count()}); }
  void bind_next(StopReason value) { bind_next(std::int32_t{stored_number(value)}); }
  void bind_next(TimePoint value) { bind_next(value.time_since_epoch()); }
  template <class E>
    requires std::is_enum_v<E>
  void bind_next(E value) {
    bind_next(static_cast<std::int32_t>(value));
  }
  template <class T>
  void bind_next(const std::optional<T>& value) {
    if (value) {
      bind_next(*value);
    } else {
      statement_.bind(++bound_);
    }
  }

  SQLite::Statement& statement_;
  int bound_ = 0;
};

/// The conditions of a filter. Each combination has its own statement, and its own plan.
class Where {
 public:
  explicit Where(std::string first) : sql_(" WHERE " + std::move(first)) {}

  void add(const std::string& condition) { sql_ += " AND " + condition; }
  template <class Value>
  void add(const std::string& condition, Value value) {
    add(condition);
    values_.push_back([value = std::move(value)](Query& query) { query.bind(value); });
  }
  template <class... Values>
  void extend(const std::string& sql, Values... values) {
    sql_ += sql;
    values_.push_back([values...](Query& query) { query.bind(values...); });
  }
  const std::string& sql() const { return sql_; }
  void bind(Query& query) const {
    for (const auto& value : values_) value(query);
  }

 private:
  std::string sql_;
  std::vector<std::function<void(Query&)>> values_;
};

}  // namespace wm
