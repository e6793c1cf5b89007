#include "foretell/errc.hpp"

#include <string>

#include "check.hpp"

namespace foretell {
namespace {

void numbers_are_pinned() {
  CHECK(static_cast<int>(Errc::kOk) == 0);
  CHECK(static_cast<int>(Errc::kInvalidArgument) == 1);
  CHECK(static_cast<int>(Errc::kCorrupt) == 2);
  CHECK(static_cast<int>(Errc::kTruncated) == 3);
  CHECK(static_cast<int>(Errc::kUnsupported) == 4);
  CHECK(static_cast<int>(Errc::kModelMismatch) == 5);
}

void every_code_has_a_name() {
  for (int code = 0; code <= 5; ++code) {
    CHECK(std::string(name(static_cast<Errc>(code))) != "unknown");
  }
  CHECK(std::string(name(static_cast<Errc>(6))) == "unknown");
}

void an_error_keeps_its_code() {
  const Error error(Errc::kTruncated, "cut");
  CHECK(error.code() == Errc::kTruncated);
  CHECK(std::string(error.what()) == "cut");
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"numbers_are_pinned", foretell::numbers_are_pinned},
      {"every_code_has_a_name", foretell::every_code_has_a_name},
      {"an_error_keeps_its_code", foretell::an_error_keeps_its_code},
  };
  return foretell::test::run_all(tests);
}
