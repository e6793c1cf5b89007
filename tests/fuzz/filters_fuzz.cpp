// Filters and the probe: any kind, any parameter, any block.
#include "foretell/filters.hpp"

#include "foretell/probe.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace foretell;
  using fuzz::require;
  fuzz::Input input(data, size);
  const std::uint8_t choice = input.byte();
  const auto kind = choice % 8 == 7 ? input.number<std::uint64_t>() : choice % 5U;
  const std::uint64_t parameter = kind == 4 ? choice / 8 % 2U : choice % 8 == 6 ? input.byte() : choice / 8U;
  fuzz::Bytes block = input.take(input.size());
  if (choice >= 192) {  // long enough for a probe to look at
    const fuzz::Bytes part = block;
    for (std::size_t i = 0; i < 40 && block.size() < 8192; ++i) {
      block.insert(block.end(), part.begin(), part.end());
    }
  }
  const fuzz::Bytes before = block;
  Filter filter;
  const Errc code = fuzz::thrown_by([&] { filter = read_filter(kind, parameter); });
  require(code == Errc::kOk || code == Errc::kCorrupt, "an unknown filter is a matter of the data");
  if (code == Errc::kOk) {
    require(is_known(filter) && static_cast<std::uint64_t>(filter.kind) == kind && filter.parameter == parameter,
            "numbers are read as they are");
    apply_filter(filter, block);
    undo_filter(filter, block);
    require(block == before, "what a filter did is undone");
    undo_filter(filter, block);
    apply_filter(filter, block);
    require(block == before, "undoing is one-to-one too");
  }
  if (choice % 4 != 0) {
    return 0;
  }
  const Probe found = probe(block);
  require(is_known(found.filter), "a probe finds a filter that there is");
  require(found.unit >= 1 && found.unit <= kMostUnit && found.row <= kMostRow, "columns are in their range");
  require(found.row == 0 || (found.row > found.unit && found.row < block.size()), "a row is longer than a unit");
  return 0;
}
