// The control: a property that is false, but only for some damaged streams. A run that does not find it finds nothing.
//
// It claims of a range coder's stream without a checksum that no damage makes other symbols of it unnoticed.
#include "foretell/range_coder.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace foretell::fuzz;
  Input input(data, size);
  const Rows rows = make_rows(input, 40);
  if (!rows.sound) {
    return 0;
  }
  const auto encode = [&](const Symbols& symbols) {
    foretell::RangeEncoder encoder(rows.precision);
    encoder.encode_symbols(view(symbols), foretell::CdfRows(view(rows.cdf), rows.row_size));
    return encoder.finish();
  };
  const Symbols sent = make_symbols(input, rows.length, rows.vocabulary());
  Symbols symbols = sent;
  Bytes stream = encode(symbols);
  damage(input, stream);
  const foretell::Errc code = thrown_by([&] {
    foretell::RangeDecoder decoder(stream, rows.precision);
    decoder.decode(foretell::CdfRows(view(rows.cdf), rows.row_size), std::span(symbols));
    decoder.finish();
  });
  require(code != foretell::Errc::kOk || symbols == sent, "the false one");
  return 0;
}
