#include "foretell/isa.hpp"

#include <cstdlib>
#include <string_view>

#include "check.hpp"

namespace foretell {
namespace {

void every_set_has_a_name() {
  CHECK(std::string_view(name(Isa::kScalar)) == "scalar");
  CHECK(std::string_view(name(Isa::kAvx2)) == "avx2");
  CHECK(std::string_view(name(Isa::kAvx512)) == "avx512");
  CHECK(std::string_view(name(Isa::kNeon)) == "neon");
}

void the_choice_is_one_that_the_processor_has() {
#if defined(__aarch64__)
  CHECK(isa() == Isa::kNeon);  // the baseline, whatever is wanted
#elif defined(__x86_64__)
  CHECK(isa() != Isa::kNeon);
  const char* const wanted = std::getenv("FORETELL_ISA");
  const std::string_view most = wanted == nullptr ? "" : wanted;
  CHECK(most != "scalar" || isa() == Isa::kScalar);
  CHECK(most != "avx2" || isa() <= Isa::kAvx2);
#else
  CHECK(isa() == Isa::kScalar);
#endif
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"every_set_has_a_name", foretell::every_set_has_a_name},
      {"the_choice_is_one_that_the_processor_has", foretell::the_choice_is_one_that_the_processor_has},
  };
  return foretell::test::run_all(tests);
}
