// Runs a harness without libFuzzer: on files, or on inputs that follow from a seed and a number, the same everywhere.
//
//   NAME_fuzz [--seed S] [--from N] [--runs N] [--seconds N] [FILE...]
//
// It stops after --runs inputs or --seconds, whichever comes first. Whatever ends it prints which input that was:
// --seed S --from N --runs 1 repeats it.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "fuzz.hpp"

// There with the sanitizers: they end the process without a signal.
extern "C" [[gnu::weak]] void __sanitizer_set_death_callback(void (*callback)());  // NOLINT: its name

namespace {

constexpr unsigned kMostSeconds = 20;  // for one input; a loop without end takes longer

std::uint64_t seed = 1;
std::uint64_t number = 0;

void say_which() {
  std::fprintf(stderr, "input: --seed %ju --from %ju --runs 1\n", std::uintmax_t{seed}, std::uintmax_t{number});
}

void on_signal(int signal) {
  std::fprintf(stderr, "%s\n", signal == SIGALRM ? "an input takes too long" : "aborted");
  say_which();
  std::_Exit(1);
}

/// Bytes of four kinds: any, mostly small, mostly 0x00 and 0xff, and the same few again and again.
std::vector<std::uint8_t> make_input() {
  std::mt19937_64 random(seed * 0x9e3779b97f4a7c15 + number);
  const std::size_t lengths[] = {16, 64, 256, 1024};
  std::vector<std::uint8_t> input(random() % lengths[random() % 4]);
  const std::uint64_t kind = random() % 4;
  const std::size_t period = 1 + random() % 16;
  for (std::size_t i = 0; i < input.size(); ++i) {
    const std::uint64_t any = random();
    switch (any >> 60 == 0 ? 0 : kind) {  // now and then any byte
      case 1:
        input[i] = static_cast<std::uint8_t>(any % 32);
        break;
      case 2:
        input[i] = any % 2 == 0 ? 0x00 : 0xff;
        break;
      case 3:
        input[i] = i < period ? static_cast<std::uint8_t>(any) : input[i - period];
        break;
      default:
        input[i] = static_cast<std::uint8_t>(any);
    }
  }
  return input;
}

void run(const std::vector<std::uint8_t>& input) {
  alarm(kMostSeconds);
  // An exact copy on the heap, so that the sanitizer sees a read behind it.
  const std::vector<std::uint8_t> exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

}  // namespace

int main(int count, char** arguments) {
  std::signal(SIGALRM, on_signal);
  std::signal(SIGABRT, on_signal);
  if (__sanitizer_set_death_callback != nullptr) {
    __sanitizer_set_death_callback(say_which);
  }
  std::uint64_t runs = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t seconds = runs;
  bool files = false;
  for (int i = 1; i < count; ++i) {
    const std::string argument = arguments[i];
    if (argument.starts_with("--") && i + 1 < count) {
      const std::uint64_t value = std::strtoull(arguments[++i], nullptr, 10);
      if (argument == "--seed") {
        seed = value;
      } else if (argument == "--from") {
        number = value;
      } else if (argument == "--runs") {
        runs = value;
      } else if (argument == "--seconds") {
        seconds = value;
      } else {
        std::fprintf(stderr, "unknown: %s\n", argument.c_str());
        return 2;
      }
      continue;
    }
    std::ifstream file(argument, std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "cannot read %s\n", argument.c_str());
      return 2;
    }
    run({std::istreambuf_iterator<char>(file), {}});
    files = true;
  }
  if (files) {
    return 0;
  }
  if (runs == seconds && runs == std::numeric_limits<std::uint64_t>::max()) {
    std::fprintf(stderr, "give --runs, --seconds or files\n");
    return 2;
  }
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  const auto passed = [&] {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begun).count());
  };
  std::uint64_t done = 0;
  for (; done < runs && (done % 64 != 0 || passed() < seconds); ++done, ++number) {
    run(make_input());
  }
  std::printf("%ju inputs, seed %ju\n", std::uintmax_t{done}, std::uintmax_t{seed});
  return 0;
}
