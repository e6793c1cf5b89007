#include "foretell/isa.hpp"

#include <cstdlib>
#include <string_view>

#include "check.hpp"

namespace foretell {
namespace {

void names_and_levels() {
  for (const Isa isa : {Isa::kScalar, Isa::kAvx2, Isa::kAvx512}) {
    CHECK(isa_of_name(name(isa)) == isa);
  }
  CHECK(std::string_view(name(Isa::kAvx512)) == "avx512");
  CHECK(Isa::kScalar < Isa::kAvx2 && Isa::kAvx2 < Isa::kAvx512);
  CHECK_THROWS(kInvalidArgument, static_cast<void>(isa_of_name("sse9")));
  CHECK_THROWS(kInvalidArgument, static_cast<void>(isa_of_name("")));
}

void the_environment_lowers_the_level() {
  // Nothing in this program has asked for the level yet: the environment is read by the first call.
  setenv("FORETELL_ISA", "sse9", 1);
  CHECK_THROWS(kInvalidArgument, static_cast<void>(isa()));
  setenv("FORETELL_ISA", "scalar", 1);
  CHECK(isa() == Isa::kScalar);
  setenv("FORETELL_ISA", "avx512", 1);
  CHECK(isa() == Isa::kScalar);  // read once
  CHECK(supported_isa() >= Isa::kScalar);
}

}  // namespace
}  // namespace foretell

int main() {
  const foretell::test::Test tests[] = {
      {"names_and_levels", foretell::names_and_levels},
      {"the_environment_lowers_the_level", foretell::the_environment_lowers_the_level},
  };
  return foretell::test::run_all(tests);
}
