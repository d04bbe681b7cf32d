package dev.kvasir.codegen.emit.tornado;

import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;

/** A local variable of the kernel method. It has a slot from its declaration to its scope's end. */
final class Local {

  private final String name;
  private final ClassDesc type;
  private int slot = -1;

  Local(String name, ClassDesc type) {
    this.name = name;
    this.type = type;
  }

  String name() {
    return name;
  }

  ClassDesc type() {
    return type;
  }

  TypeKind kind() {
    return TypeKind.from(type);
  }

  void place(int newSlot) {
    slot = newSlot;
  }

  /** {@return whether it was declared} */
  boolean isPlaced() {
    return slot >= 0;
  }

  int slot() {
    if (slot < 0) {
      throw new IllegalStateException("local " + name + " is used before it is declared");
    }
    return slot;
  }
}
