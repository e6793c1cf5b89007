#include "foretell/errc.hpp"

namespace foretell {

const char* name(Errc code) noexcept {
  switch (code) {
    case Errc::kOk:
      return "ok";
    case Errc::kInvalidArgument:
      return "invalid argument";
    case Errc::kCorrupt:
      return "corrupt";
    case Errc::kTruncated:
      return "truncated";
    case Errc::kUnsupported:
      return "unsupported";
    case Errc::kModelMismatch:
      return "model mismatch";
  }
  return "unknown";
}

}  // namespace foretell
