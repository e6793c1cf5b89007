// A test is a function that calls CHECK; main runs tests by name, prints what failed and returns the number of
// failures.
#pragma once

#include <cstddef>
#include <cstdio>
#include <span>

#include "foretell/errc.hpp"

namespace foretell::test {

inline int failures = 0;

inline void check(bool passed, const char* what, const char* file, int line) {
  if (!passed) {
    std::fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
    ++failures;
  }
}

/// Runs `function` and returns the code of the foretell::Error that it throws, kOk if none.
template <typename Function>
Errc thrown_by(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    check(error.what()[0] != '\0', "an error has a message", __FILE__, __LINE__);
    return error.code();
  }
  return Errc::kOk;
}

struct Test {
  const char* name;
  void (*run)();
};

inline int run_all(std::span<const Test> tests) {
  for (const Test& test : tests) {
    const int before = failures;
    test.run();
    std::printf("%-4s %s\n", failures == before ? "ok" : "FAIL", test.name);
  }
  return failures;
}

}  // namespace foretell::test

#define CHECK(condition) ::foretell::test::check((condition), #condition, __FILE__, __LINE__)
#define CHECK_THROWS(code, ...) CHECK(::foretell::test::thrown_by([&] { __VA_ARGS__; }) == ::foretell::Errc::code)
