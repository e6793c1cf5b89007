#include "experts/experts.hpp"

namespace foretell {

namespace {

template <typename T>
void make(std::unique_ptr<T>& pointer) {
  if (!pointer) {
    pointer = std::make_unique<T>();
  }
}

template <typename T>
void visit_part(std::unique_ptr<T>& pointer, StateVisitor& visitor, const std::string& name) {
  if (!visitor.part(name, pointer != nullptr)) {
    pointer.reset();
    return;
  }
  make(pointer);
  pointer->visit(visitor, name + ".");
}

}  // namespace

void Experts::visit(StateVisitor& visitor, const std::string& name) {
  memory.visit(visitor, name + "memory.");
  lane.visit(visitor, name + "lane.");
  visit_part(light, visitor, name + "light");
  visit_part(text, visitor, name + "text");
  visit_part(records, visitor, name + "records");
}

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
