#include "symbols.hpp"

#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

namespace foretell::bindings {
namespace {

template <typename T>
void read_as(const std::byte* from, std::ptrdiff_t stride, std::span<std::uint32_t> symbols) {
  if (stride == static_cast<std::ptrdiff_t>(sizeof(T))) {
    const T* items = reinterpret_cast<const T*>(from);
    for (std::size_t i = 0; i < symbols.size(); ++i) {
      symbols[i] = static_cast<std::uint32_t>(items[i]);
    }
    return;
  }
  for (std::uint32_t& symbol : symbols) {
    symbol = static_cast<std::uint32_t>(*reinterpret_cast<const T*>(from));
    from += stride;
  }
}

template <typename T>
void write_as(std::span<const std::uint32_t> symbols, std::byte* to) {
  T* items = reinterpret_cast<T*>(to);
  for (std::size_t i = 0; i < symbols.size(); ++i) {
    items[i] = static_cast<T>(symbols[i]);
  }
}

/// True if all `count` items are in 0..limit - 1. One pass without branches, which becomes vector instructions.
template <typename T>
bool all_below(const std::byte* from, std::ptrdiff_t stride, std::size_t count, std::size_t limit) {
  using Unsigned = std::make_unsigned_t<T>;  // negative ones are above all limits
  const bool any_fits = std::cmp_greater_equal(limit - 1, std::numeric_limits<T>::max());
  if (any_fits && std::is_unsigned_v<T>) {
    return true;
  }
  const auto most = static_cast<Unsigned>(any_fits ? std::numeric_limits<T>::max() : static_cast<T>(limit - 1));
  Unsigned largest = 0;
  if (stride == static_cast<std::ptrdiff_t>(sizeof(T))) {
    const T* items = reinterpret_cast<const T*>(from);
    for (std::size_t i = 0; i < count; ++i) {
      largest = std::max(largest, static_cast<Unsigned>(items[i]));
    }
  } else {
    for (std::size_t i = 0; i < count; ++i, from += stride) {
      largest = std::max(largest, static_cast<Unsigned>(*reinterpret_cast<const T*>(from)));
    }
  }
  return largest <= most;  // of none the largest is 0
}

}  // namespace

SymbolsArgument::SymbolsArgument(const py::handle& object, const char* argument, py::ssize_t dimensions,
                                 std::size_t limit, const char* what)
    : array_(as_strided_array(object, argument, dimensions)),
      size_(static_cast<std::size_t>(array_.size())),
      data_(static_cast<const std::byte*>(array_.data())),
      inner_(static_cast<std::size_t>(array_.shape(dimensions - 1))),
      stride_(array_.strides(dimensions - 1)),
      outer_stride_(array_.strides(0)),
      read_(nullptr),
      are_words_(array_.itemsize() == sizeof(std::uint32_t) && (array_.flags() & py::array::c_style) != 0) {
  visit_integer(array_, argument, [&]<typename T>(Type<T>) {
    read_ = &read_as<T>;
    for (std::size_t row = 0; row * inner_ < size_; ++row) {
      const std::byte* from = data_ + static_cast<std::ptrdiff_t>(row) * outer_stride_ * (dimensions - 1);
      if (all_below<T>(from, stride_, inner_, limit)) {
        continue;
      }
      for (std::size_t i = 0; i < inner_; ++i, from += stride_) {
        const T value = *reinterpret_cast<const T*>(from);
        if (std::cmp_less(value, 0) || std::cmp_greater_equal(value, limit)) {
          const std::string at = (dimensions == 1 ? "" : std::to_string(row) + ", ") + std::to_string(i);
          throw py::value_error(std::string(argument) + "[" + at + "]: " + std::to_string(value) + " is outside the " +
                                std::to_string(limit) + " " + what);
        }
      }
    }
  });
}

void SymbolsArgument::read(std::size_t begin, std::span<std::uint32_t> symbols) const noexcept {
  while (!symbols.empty()) {
    const std::size_t row = begin / inner_;
    const std::size_t column = begin % inner_;
    const std::size_t count = std::min(symbols.size(), inner_ - column);
    // Of one axis there is one row, and the product is zero.
    read_(data_ + static_cast<std::ptrdiff_t>(row) * outer_stride_ + static_cast<std::ptrdiff_t>(column) * stride_,
          stride_, symbols.first(count));
    symbols = symbols.subspan(count);
    begin += count;
  }
}

std::vector<std::uint32_t> SymbolsArgument::copy() const {
  std::vector<std::uint32_t> symbols(size_);
  read(0, symbols);
  return symbols;
}

SymbolsResult::SymbolsResult(const py::handle& out, std::span<const py::ssize_t> shape, std::size_t vocabulary)
    : array_(out.is_none() ? new_array<std::uint32_t>(shape)
                           : as_array(out, "out", static_cast<py::ssize_t>(shape.size()))),
      object_(out.is_none() ? py::object(array_) : py::reinterpret_borrow<py::object>(out)),
      size_(static_cast<std::size_t>(array_.size())),
      item_size_(static_cast<std::size_t>(array_.itemsize())),
      write_(nullptr) {
  if (!out.is_none()) {
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      check_length(array_, "out", static_cast<py::ssize_t>(axis), static_cast<std::size_t>(shape[axis]));
    }
    check_writeable(array_, "out");
    write_ = visit_integer(array_, "out", [&]<typename T>(Type<T>) -> Write {
      if (std::cmp_greater(vocabulary - 1, std::numeric_limits<T>::max())) {
        throw py::value_error("out: " + py::str(array_.dtype()).template cast<std::string>() +
                              " does not hold symbols up to " + std::to_string(vocabulary - 1));
      }
      return std::is_same_v<T, std::uint32_t> ? nullptr : &write_as<T>;
    });
  }
  data_ = static_cast<std::byte*>(array_.mutable_data());
}

}  // namespace foretell::bindings
