#include <mutex>
#include <string>
#include <type_traits>

#include "arrays.hpp"
#include "foretell/errc.hpp"
#include "foretell/mix_codec.hpp"
#include "learned_arrays.hpp"
#include "register.hpp"

namespace foretell::bindings {
namespace {

/// MixCodec with a lock of its own, because the GIL is released while it works.
class LockedMix {
 public:
  explicit LockedMix(const MixParameters& parameters) : codec_(parameters) {}

  py::tuple encode(const py::object& block, const py::object& progress) {
    const py::array array = as_array_of<std::uint8_t>(block, "block", 1);
    const auto bytes = view<std::uint8_t>(array);
    const MixBlock out = guarded([&] { return codec_.encode(bytes, reporter(progress)); });
    return py::make_tuple(py::bytes(reinterpret_cast<const char*>(out.payload.data()), out.payload.size()),
                          out.ideal_bits);
  }

  py::bytes decode(const py::object& payload, std::size_t raw_length, const py::object& progress) {
    const py::array array = as_array_of<std::uint8_t>(payload, "payload", 1);
    const auto from = view<std::uint8_t>(array);
    py::bytes out =
        py::reinterpret_steal<py::bytes>(PyBytes_FromStringAndSize(nullptr, static_cast<py::ssize_t>(raw_length)));
    if (!out) {
      throw py::error_already_set();
    }
    const std::span<std::uint8_t> to(reinterpret_cast<std::uint8_t*>(PyBytes_AS_STRING(out.ptr())), raw_length);
    guarded([&] { codec_.decode(from, to, reporter(progress)); });
    return out;
  }

  // The lock is taken without the GIL, as by the others: whoever holds it may be waiting for the GIL.

  py::dict learned() {
    py::dict out;
    guarded([&] {
      const py::gil_scoped_acquire locked;
      ArraysOut arrays;
      codec_.visit(arrays);
      out = arrays.take();
    });
    return out;
  }

  void set_learned(const py::dict& learned) {
    guarded([&] {
      const py::gil_scoped_acquire locked;
      ArraysIn arrays(learned);
      codec_.visit(arrays);
      arrays.finish();
    });
  }

 private:
  /// Runs `work` without the GIL. After a failure the experts are in the middle of a block, and no later call may go on
  /// from there.
  template <typename Work>
  std::invoke_result_t<Work> guarded(const Work& work) {
    const py::gil_scoped_release unlocked;
    const std::scoped_lock lock(mutex_);
    if (failed_) {
      throw Error(Errc::kInvalidArgument, "an earlier block failed, so that what was learned is lost: use a new codec");
    }
    failed_ = true;
    if constexpr (std::is_void_v<decltype(work())>) {
      work();
      failed_ = false;
    } else {
      auto out = work();
      failed_ = false;
      return out;
    }
  }

  /// Reports progress, if anybody wants it, and lets signals through: a block may take seconds.
  static MixProgress reporter(const py::object& progress) {
    return [&progress](std::size_t bytes) {
      const py::gil_scoped_acquire locked;
      if (PyErr_CheckSignals() != 0) {
        throw py::error_already_set();
      }
      if (!progress.is_none()) {
        progress(bytes);
      }
    };
  }

  std::mutex mutex_;
  bool failed_ = false;
  MixCodec codec_;
};

}  // namespace

void register_mix(py::module_& module) {
  py::class_<LockedMix>(module, "MixCodec")
      .def(py::init([](std::uint32_t contexts, std::uint32_t cell_bits, std::uint32_t history_bits,
                       const py::object& network) {
             MixParameters parameters{contexts, cell_bits, history_bits, std::nullopt};
             if (!network.is_none()) {
               NgramParameters& n = parameters.network.emplace();
               const auto value = [&](const char* name) { return network[name].cast<std::uint32_t>(); };
               n = {.lanes = 1,
                    .chunk = value("chunk"),
                    .row_bits = value("row_bits"),
                    .run_bits = value("run_bits"),
                    .width = value("width"),
                    .hidden = value("hidden"),
                    .layer_rate = value("layer_rate"),
                    .row_rate = value("row_rate"),
                    .run_rate = value("run_rate"),
                    .decay = value("decay"),
                    .seed = value("seed")};
             }
             const py::gil_scoped_release unlocked;
             return std::make_unique<LockedMix>(parameters);
           }),
           py::kw_only(), py::arg("contexts"), py::arg("cell_bits"), py::arg("history_bits"),
           py::arg("network") = py::none(),
           "Context mixing beside the network (cpp/include/foretell/mix_codec.hpp). `network`: its parameters by name, "
           "without lanes, or None.\n\nRaises ValueError for a parameter out of its range, MemoryError if there is no "
           "room.")
      .def(
          "encode", &LockedMix::encode, py::arg("block"), py::arg("progress") = py::none(),
          "Code a block, uint8 [n], and learn it: its payload (bytes) and its ideal bits (float). progress(bytes done) "
          "is called now and then.")
      .def("decode", &LockedMix::decode, py::arg("payload"), py::arg("raw_length"), py::arg("progress") = py::none(),
           "Undo `encode` of a codec with the same past: the raw_length plain bytes.\n\nRaises CorruptError or "
           "TruncatedError if no encoder wrote the payload; ValueError after a failure, which leaves nothing to go on "
           "from.")
      .def("learned", &LockedMix::learned, "Copy all that was learned: 1-D arrays by name.")
      .def(
          "set_learned", &LockedMix::set_learned, py::arg("arrays"),
          "Go into the state from which `learned` of a codec with the same parameters took the arrays.\n\nRaises "
          "CorruptError if they are not such, TypeError or ValueError if they are no contiguous 1-D arrays of the same "
          "dtypes; nothing is left to go on from then.");
}

}  // namespace foretell::bindings
