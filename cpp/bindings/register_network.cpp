#include <algorithm>
#include <mutex>
#include <vector>

#include "arrays.hpp"
#include "foretell/errc.hpp"
#include "foretell/ngram_network.hpp"
#include "register.hpp"

namespace foretell::bindings {
namespace {

/// NgramNetwork with a lock of its own, because the GIL is released while it works.
class LockedNetwork {
 public:
  explicit LockedNetwork(const NgramParameters& parameters) : network_(parameters) {}

  void begin(std::size_t lanes) {
    const py::gil_scoped_release unlocked;
    const std::scoped_lock lock(mutex_);
    network_.begin(lanes);
  }

  py::array predict() {
    return copy_rows(1, [this] { return network_.predict(); });
  }

  void update(const py::object& symbols) {
    const py::array array = as_array_of<std::uint8_t>(symbols, "symbols", 1);
    const auto values = view<std::uint8_t>(array);
    const py::gil_scoped_release unlocked;
    const std::scoped_lock lock(mutex_);
    network_.update(values);
  }

  /// symbols [lanes][steps], of any strides: a piece of longer lanes.
  py::tuple score(const py::object& symbols) {
    const py::array array = as_strided_array(symbols, "symbols", 2);
    if (!holds<std::uint8_t>(array)) {
      throw_dtype(array, "symbols", "uint8");
    }
    check_length(array, "symbols", 0, lanes());
    const py::ssize_t lanes = array.shape(0);
    const py::ssize_t steps = array.shape(1);
    const std::vector<std::uint8_t> values = by_step(array);
    auto start = new_array<std::uint32_t>(std::array{lanes, steps});
    auto freq = new_array<std::uint32_t>(std::array{lanes, steps});
    auto* const starts = static_cast<std::uint32_t*>(start.mutable_data());
    auto* const freqs = static_cast<std::uint32_t*>(freq.mutable_data());
    {
      const py::gil_scoped_release unlocked;
      std::vector<std::uint32_t> found(2 * values.size());
      const std::span<std::uint32_t> all(found);
      {
        const std::scoped_lock lock(mutex_);
        network_.score(values, all.first(values.size()), all.subspan(values.size()));
      }
      transpose(found.data(), static_cast<std::size_t>(steps), static_cast<std::size_t>(lanes), starts);
      transpose(found.data() + values.size(), static_cast<std::size_t>(steps), static_cast<std::size_t>(lanes), freqs);
    }
    return py::make_tuple(start, freq);
  }

  py::array score_rows(const py::object& symbols) {
    const py::array array = as_array_of<std::uint8_t>(symbols, "symbols", 2);
    check_length(array, "symbols", 1, lanes());
    const auto values = view<std::uint8_t>(array);
    return copy_rows(array.shape(0), [&] { return network_.score_rows(values); }, true);
  }

  void learn() {
    const py::gil_scoped_release unlocked;
    const std::scoped_lock lock(mutex_);
    network_.learn();
  }

  std::size_t steps_left() {
    const py::gil_scoped_release unlocked;
    const std::scoped_lock lock(mutex_);
    return network_.steps_left();
  }

 private:
  std::size_t lanes() {
    const py::gil_scoped_release unlocked;
    const std::scoped_lock lock(mutex_);
    return network_.lanes();
  }

  static std::vector<std::uint8_t> by_step(const py::array& array) {
    const py::ssize_t lanes = array.shape(0);
    const py::ssize_t steps = array.shape(1);
    std::vector<std::uint8_t> values(static_cast<std::size_t>(lanes * steps));
    const auto* const bytes = static_cast<const std::uint8_t*>(array.data());
    for (py::ssize_t l = 0; l < lanes; ++l) {
      for (py::ssize_t t = 0; t < steps; ++t) {
        values[static_cast<std::size_t>(t * lanes + l)] = bytes[l * array.strides(0) + t * array.strides(1)];
      }
    }
    return values;
  }

  static void transpose(const std::uint32_t* from, std::size_t rows, std::size_t columns, std::uint32_t* to) {
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t c = 0; c < columns; ++c) {
        to[c * rows + r] = from[r * columns + c];
      }
    }
  }

  /// Runs `find`, without the GIL, and returns a copy of the CDFs that it gives, which the next call would overwrite:
  /// [steps][lanes][257], or [lanes][257].
  template <typename Find>
  py::array copy_rows(py::ssize_t steps, Find find, bool with_steps = false) {
    std::vector<py::ssize_t> shape{static_cast<py::ssize_t>(lanes()), static_cast<py::ssize_t>(NgramNetwork::kRowSize)};
    if (with_steps) {
      shape.insert(shape.begin(), steps);
    }
    py::array_t<std::uint32_t> rows(shape);
    std::uint32_t* const to = rows.mutable_data();
    const auto size = static_cast<std::size_t>(rows.size());
    const py::gil_scoped_release unlocked;
    const std::scoped_lock lock(mutex_);
    const std::span<const std::uint32_t> found = find();
    if (found.size() != size) {
      throw Error(Errc::kInvalidArgument, "another thread began with other lanes");
    }
    std::copy(found.begin(), found.end(), to);
    return std::move(rows);
  }

  std::mutex mutex_;
  NgramNetwork network_;
};

}  // namespace

void register_network(py::module_& module) {
  py::class_<LockedNetwork>(module, "NgramNetwork")
      .def(py::init([](std::uint32_t lanes, std::uint32_t chunk, std::uint32_t row_bits, std::uint32_t run_bits,
                       std::uint32_t width, std::uint32_t hidden, std::uint32_t layer_rate, std::uint32_t row_rate,
                       std::uint32_t run_rate, std::uint32_t decay, std::uint32_t seed) {
             const py::gil_scoped_release unlocked;
             return std::make_unique<LockedNetwork>(NgramParameters{lanes, chunk, row_bits, run_bits, width, hidden,
                                                                    layer_rate, row_rate, run_rate, decay, seed});
           }),
           py::kw_only(), py::arg("lanes"), py::arg("chunk"), py::arg("row_bits"), py::arg("run_bits"),
           py::arg("width"), py::arg("hidden"), py::arg("layer_rate"), py::arg("row_rate"), py::arg("run_rate"),
           py::arg("decay"), py::arg("seed"))
      .def("begin", &LockedNetwork::begin, py::arg("lanes"))
      .def("predict", &LockedNetwork::predict)
      .def("update", &LockedNetwork::update, py::arg("symbols"))
      .def("score", &LockedNetwork::score, py::arg("symbols"))
      .def("score_rows", &LockedNetwork::score_rows, py::arg("symbols"))
      .def("learn", &LockedNetwork::learn)
      .def_property_readonly("steps_left", &LockedNetwork::steps_left)
      .def_property_readonly_static("PRECISION", [](const py::object&) { return NgramNetwork::kPrecision; });
}

}  // namespace foretell::bindings
