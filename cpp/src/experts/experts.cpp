#include "experts/experts.hpp"

namespace foretell {

namespace {

template <typename T>
void make(std::unique_ptr<T>& pointer) {
  if (!pointer) {
    pointer = std::make_unique<T>();
  }
}

}  // namespace

void Experts::begin(BlockContexts contexts) {
  block = contexts;
  lane.past.first = lane.past.position;
  if (is_light) {
    make(light);
  } else if (block.records) {
    make(records);
  } else {
    make(text);
  }
}

}  // namespace foretell
