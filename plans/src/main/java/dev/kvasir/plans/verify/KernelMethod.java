package dev.kvasir.plans.verify;

import java.util.List;

/**
 * A method of a kernel class, its code read.
 *
 * @param key its class, name and type
 * @param place where it lies in the plan, for people
 * @param open whether other classes may call it
 * @param parameterSlots slots of its parameters, which are its first locals
 * @param locals slots of all its locals
 * @param operands most slots of its operand stack
 * @param steps its instructions, in order, at least one
 */
record KernelMethod(
    MethodKey key,
    String place,
    boolean open,
    int parameterSlots,
    int locals,
    int operands,
    List<CodeStep> steps) {
  KernelMethod {
    steps = List.copyOf(steps);
  }

  /** {@return where one of its instructions lies in the plan, for people} */
  String place(int at) {
    return place(place, at);
  }

  /** {@return where an instruction of the method at {@code place} lies in the plan} */
  static String place(String place, int at) {
    return "%s, byte %d".formatted(place, at);
  }
}
