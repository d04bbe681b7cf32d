package dev.kvasir.plans.verify;

/**
 * An instruction as far as proofs need it: what it does to the operand stack and to locals, counted
 * in slots, of which long and double take two.
 */
sealed interface CodeStep {

  /** What stands for an integer that may be any. */
  int ANY = Integer.MAX_VALUE;

  /** {@return the place of the instruction in its method, in bytes} */
  int at();

  /**
   * Pushes a constant.
   *
   * @param slots its width
   * @param bound the integer, or {@link #ANY}
   */
  record Push(int at, int slots, int bound) implements CodeStep {}

  /** Pushes a local of {@code width} slots; {@code integer} when it is an int. */
  record Load(int at, int slot, int width, boolean integer) implements CodeStep {}

  /** Pops a local of {@code width} slots; {@code integer} when it is an int. */
  record Store(int at, int slot, int width, boolean integer) implements CodeStep {}

  /** Adds a constant to an int local. */
  record Increment(int at, int slot, int by) implements CodeStep {}

  /** Pops operands, pushes a result of any value. */
  record Compute(int at, int pops, int pushes) implements CodeStep {}

  /** Swaps the two slots on top. */
  record Swap(int at) implements CodeStep {}

  /** Pushes the slot on top once more. */
  record Duplicate(int at) implements CodeStep {}

  /**
   * Goes to {@code target}, always or when a condition on {@code pops} ints or references holds.
   *
   * @param atLeast whether the condition is that the lower of two ints is at least the upper
   */
  record Jump(int at, int target, boolean always, int pops, boolean atLeast) implements CodeStep {}

  /** Calls a method of this or the shared class, which takes {@code pops} slots. */
  record Call(int at, MethodKey callee, int pops) implements CodeStep {}

  /** Ends the method. */
  record Return(int at) implements CodeStep {}
}
