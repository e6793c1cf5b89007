#include <array>
#include <span>

#include "arrays.hpp"
#include "foretell/exact_gate.hpp"
#include "foretell/exact_norm.hpp"
#include "foretell/wide_attention.hpp"
#include "foretell/wide_product.hpp"
#include "register.hpp"

namespace foretell::bindings {
namespace {

/// The arrays of a layer and its input, held for as long as their views are used.
struct Layer {
  Layer(const py::object& x_object, const py::object& integers_object, const py::object& scale_object)
      : x(as_array_of<float>(x_object, "x", 2)),
        integers(as_array_of<std::int16_t>(integers_object, "integers", 2)),
        scale(as_array_of<double>(scale_object, "scale", 1)) {
    check_length(x, "x", 1, static_cast<std::size_t>(integers.shape(1)));
    check_length(scale, "scale", 0, static_cast<std::size_t>(integers.shape(0)));
  }

  [[nodiscard]] WideMatrix matrix() const {
    return {view<std::int16_t>(integers), view<double>(scale), static_cast<std::size_t>(integers.shape(1))};
  }

  template <typename Out>
  [[nodiscard]] py::array new_result() const {
    return new_array<Out>(std::array{x.shape(0), integers.shape(0)});
  }

  py::array x;
  py::array integers;
  py::array scale;
};

template <typename T>
std::span<T> written(py::array& array) {
  return {static_cast<T*>(array.mutable_data()), static_cast<std::size_t>(array.size())};
}

py::array product(const py::object& x, const py::object& integers, const py::object& scale, unsigned threads) {
  const Layer layer(x, integers, scale);
  py::array out = layer.new_result<double>();
  const auto to = written<double>(out);
  const py::gil_scoped_release unlocked;
  wide_product(view<float>(layer.x), layer.matrix(), to, threads);
  return out;
}

py::array forward(const py::object& x, const py::object& integers, const py::object& scale, const py::object& bias,
                  unsigned threads) {
  const Layer layer(x, integers, scale);
  py::array added;
  std::span<const float> biases;
  if (!bias.is_none()) {
    added = as_array_of<float>(bias, "bias", 1);
    check_length(added, "bias", 0, static_cast<std::size_t>(layer.integers.shape(0)));
    biases = view<float>(added);
  }
  py::array out = layer.new_result<float>();
  const auto to = written<float>(out);
  const py::gil_scoped_release unlocked;
  wide_forward(view<float>(layer.x), layer.matrix(), biases, to, threads);
  return out;
}

/// An array of the cache: [lanes][heads][positions], and head_width for keys and values.
template <typename T>
py::array cache_array(const py::object& object, const char* argument, py::ssize_t dimensions, const py::array* like) {
  py::array array = as_array_of<T>(object, argument, dimensions);
  check_writeable(array, argument);
  for (py::ssize_t axis = 0; like != nullptr && axis < dimensions; ++axis) {
    check_length(array, argument, axis, static_cast<std::size_t>(like->shape(axis)));
  }
  return array;
}

py::array attend(const py::object& heads_object, std::size_t query_heads, const py::object& keys_object,
                 const py::object& values_object, const py::object& key_steps_object,
                 const py::object& value_steps_object, std::size_t first, double scale,
                 const py::object& weights_object, unsigned threads) {
  const py::array heads = as_array_of<float>(heads_object, "heads", 4);
  py::array keys = cache_array<std::int16_t>(keys_object, "keys", 4, nullptr);
  py::array values = cache_array<std::int16_t>(values_object, "values", 4, &keys);
  py::array key_steps = cache_array<float>(key_steps_object, "key_steps", 3, &keys);
  py::array value_steps = cache_array<float>(value_steps_object, "value_steps", 3, &keys);
  const py::array weights = as_array_of<std::int32_t>(weights_object, "weights", 1);
  const auto size = [&](py::ssize_t axis) { return static_cast<std::size_t>(keys.shape(axis)); };
  check_length(heads, "heads", 0, size(0));
  check_length(heads, "heads", 2, query_heads + 2 * size(1));
  check_length(heads, "heads", 3, size(3));
  py::array out = new_array<float>(
      std::array{heads.shape(0) * heads.shape(1), static_cast<py::ssize_t>(query_heads) * keys.shape(3)});
  const WideCache cache{written<std::int16_t>(keys),
                        written<std::int16_t>(values),
                        written<float>(key_steps),
                        written<float>(value_steps),
                        size(0),
                        size(1),
                        size(2),
                        size(3)};
  const auto to = written<float>(out);
  const py::gil_scoped_release unlocked;
  wide_attend(view<float>(heads), query_heads, cache, first, scale, view<std::int32_t>(weights), to, threads);
  return out;
}

py::array new_like(const py::array& array) { return new_array<float>(std::array{array.shape(0), array.shape(1)}); }

py::array norm_rms(const py::object& x_object, const py::object& weight_object, double epsilon) {
  const py::array x = as_array_of<float>(x_object, "x", 2);
  const py::array weight = as_array_of<float>(weight_object, "weight", 1);
  check_length(x, "x", 1, static_cast<std::size_t>(weight.shape(0)));
  py::array out = new_like(x);
  const auto to = written<float>(out);
  const py::gil_scoped_release unlocked;
  rms_norm(view<float>(x), view<float>(weight), epsilon, to);
  return out;
}

py::array norm_layer(const py::object& x_object, const py::object& weight_object, const py::object& bias_object,
                     double epsilon) {
  const py::array x = as_array_of<float>(x_object, "x", 2);
  const py::array weight = as_array_of<float>(weight_object, "weight", 1);
  const py::array bias = as_array_of<float>(bias_object, "bias", 1);
  check_length(x, "x", 1, static_cast<std::size_t>(weight.shape(0)));
  py::array out = new_like(x);
  const auto to = written<float>(out);
  const py::gil_scoped_release unlocked;
  layer_norm(view<float>(x), view<float>(weight), view<float>(bias), epsilon, to);
  return out;
}

template <void (*kGate)(std::span<const float>, std::span<const float>, std::span<float>)>
py::array gate(const py::object& x_object, const py::object& table_object) {
  const py::array x = as_array_of<float>(x_object, "x", 2);
  const py::array table = as_array_of<float>(table_object, "table", 1);
  py::array out = new_like(x);
  const auto to = written<float>(out);
  const py::gil_scoped_release unlocked;
  kGate(view<float>(x), view<float>(table), to);
  return out;
}

}  // namespace

void register_exact(py::module_& module) {
  module.def("wide_product", &product, py::arg("x"), py::arg("integers"), py::arg("scale"), py::kw_only(),
             py::arg("threads"));
  module.def("wide_forward", &forward, py::arg("x"), py::arg("integers"), py::arg("scale"), py::arg("bias").none(true),
             py::kw_only(), py::arg("threads"));
  module.def("wide_attend", &attend, py::arg("heads"), py::arg("query_heads"), py::arg("keys"), py::arg("values"),
             py::arg("key_steps"), py::arg("value_steps"), py::kw_only(), py::arg("first"), py::arg("scale"),
             py::arg("weights"), py::arg("threads"));
  module.def("rms_norm", &norm_rms, py::arg("x"), py::arg("weight"), py::arg("epsilon"));
  module.def("layer_norm", &norm_layer, py::arg("x"), py::arg("weight"), py::arg("bias"), py::arg("epsilon"));
  module.def("silu", &gate<silu>, py::arg("x"), py::arg("table"));
  module.def("gelu", &gate<gelu>, py::arg("x"), py::arg("table"));
}

}  // namespace foretell::bindings
