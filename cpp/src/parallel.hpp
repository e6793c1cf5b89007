// Threads over lanes: parts of a range side by side, for work that is worth far more than starting a thread.
//
// Threads are made for each call. That costs some 20 microseconds, survives a fork, leaves nothing running, and needs
// no pool whose waiting threads would take the processor from others.
#pragma once

#include <algorithm>
#include <cstddef>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace foretell {

/// Calls work(begin, end) for the parts of 0 .. count, at most `threads` of them, one in this thread. Rethrows what the
/// first part that failed threw, when all are done.
template <typename Work>
void in_parallel(std::size_t threads, std::size_t count, Work&& work) {
  const std::size_t parts = std::min(threads, count);
  if (parts <= 1) {
    work(std::size_t{0}, count);
    return;
  }
  std::vector<std::exception_ptr> failures(parts);
  const auto run = [&](std::size_t part) noexcept {
    try {
      work(part * count / parts, (part + 1) * count / parts);
    } catch (...) {
      failures[part] = std::current_exception();
    }
  };
  std::vector<std::jthread> others;
  others.reserve(parts - 1);
  std::size_t started = 1;
  try {
    for (; started < parts; ++started) {
      others.emplace_back(run, started);
    }
  } catch (const std::system_error&) {  // no more threads to be had: this one does their parts
  }
  run(0);
  for (; started < parts; ++started) {
    run(started);
  }
  others.clear();  // joins
  for (const std::exception_ptr& failure : failures) {
    if (failure) {
      std::rethrow_exception(failure);
    }
  }
}

}  // namespace foretell
