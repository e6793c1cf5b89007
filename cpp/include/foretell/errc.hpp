// Error numbers and the one exception that the library throws.
//
// Hot loops return an Errc; the function at the edge of the API turns it into one throw with a message that names what
// went wrong, where, and what to do. Other languages bind to the numbers, so a number never changes its meaning.
#pragma once

#include <stdexcept>
#include <string>

namespace foretell {

enum class Errc : int {
  kOk = 0,
  kInvalidArgument = 1,  // the caller's mistake: never caused by compressed data
  kCorrupt = 2,          // the data are damaged
  kTruncated = 3,        // the data end too early
  kUnsupported = 4,      // sound data that this version cannot read
  kModelMismatch = 5,    // sound data made with another model or numerical environment
};

/// Returns the name of a code ("corrupt"), or "unknown" for a number outside the enumeration.
[[nodiscard]] const char* name(Errc code) noexcept;

class Error : public std::runtime_error {
 public:
  Error(Errc code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] Errc code() const noexcept { return code_; }

 private:
  Errc code_;
};

}  // namespace foretell
