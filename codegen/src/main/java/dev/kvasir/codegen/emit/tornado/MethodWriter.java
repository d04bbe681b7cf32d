package dev.kvasir.codegen.emit.tornado;

import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;

/** The kernel method being written: locals with names, loops and integer arithmetic. */
final class MethodWriter {

  private record Declared(Local local, Label start) {}

  private record Frame(int firstSlot, List<Declared> locals) {}

  private final CodeBuilder code;
  private final Deque<Frame> frames = new ArrayDeque<>();
  private int nextSlot;

  MethodWriter(CodeBuilder code) {
    this.code = code;
    enter();
  }

  CodeBuilder code() {
    return code;
  }

  /** Opens a scope for locals. */
  void enter() {
    frames.push(new Frame(nextSlot, new ArrayList<>()));
  }

  /** Ends the locals of the innermost scope. */
  void exit() {
    Frame frame = frames.pop();
    Label end = code.newBoundLabel();
    for (Declared declared : frame.locals) {
      Local local = declared.local;
      code.localVariable(local.slot(), local.name(), local.type(), declared.start, end);
    }
    nextSlot = frame.firstSlot;
  }

  /** Gives the next parameter its slot. */
  void parameter(Local local) {
    place(local);
  }

  /** Pops the stack into a new local, or into one that was declared before. */
  void declare(Local local) {
    if (local.isPlaced()) {
      store(local);
      return;
    }
    int slot = nextSlot;
    code.storeLocal(local.kind(), slot);
    place(local);
  }

  private void place(Local local) {
    local.place(nextSlot);
    nextSlot += local.kind().slotSize();
    frames.element().locals.add(new Declared(local, code.newBoundLabel()));
  }

  /** Pops the stack into a new int. */
  Local declareInt(String name) {
    return declare(name, CD_int);
  }

  /** Pops the stack into a new float. */
  Local declareFloat(String name) {
    return declare(name, CD_float);
  }

  private Local declare(String name, ClassDesc type) {
    Local local = new Local(name, type);
    declare(local);
    return local;
  }

  MethodWriter push(Local local) {
    code.loadLocal(local.kind(), local.slot());
    return this;
  }

  MethodWriter push(int value) {
    code.loadConstant(value);
    return this;
  }

  void store(Local local) {
    code.storeLocal(local.kind(), local.slot());
  }

  /** Writes {@code for (int i = top of the stack; i < limit; i += step) body(i)}. */
  void loop(String name, int limit, int step, Consumer<Local> body) {
    enter();
    Local variable = declareInt(name);
    Label top = code.newLabel();
    Label end = code.newLabel();
    code.labelBinding(top);
    push(variable).push(limit);
    code.if_icmpge(end);
    enter();
    body.accept(variable);
    exit();
    code.iinc(variable.slot(), step).goto_(top).labelBinding(end);
    exit();
  }

  /** Writes {@code for (int i = variable; i < limit; i++) body}. */
  void loop(Local variable, Local limit, Runnable body) {
    Label top = code.newLabel();
    Label end = code.newLabel();
    code.labelBinding(top);
    push(variable).push(limit);
    code.if_icmpge(end);
    enter();
    body.run();
    exit();
    code.iinc(variable.slot(), 1).goto_(top).labelBinding(end);
  }

  /** Pops a truth value and writes {@code if} with the body. */
  void when(Runnable body) {
    Label end = code.newLabel();
    code.ifeq(end);
    enter();
    body.run();
    exit();
    code.labelBinding(end);
  }

  /** Pops two ints and writes {@code if (first < second)} with the body. */
  void whenLess(Runnable body) {
    Label end = code.newLabel();
    code.if_icmpge(end);
    enter();
    body.run();
    exit();
    code.labelBinding(end);
  }

  /** Pops a truth value and writes both alternatives. */
  void choose(Runnable whenTrue, Runnable whenFalse) {
    Label otherwise = code.newLabel();
    Label end = code.newLabel();
    code.ifeq(otherwise);
    enter();
    whenTrue.run();
    exit();
    code.goto_(end).labelBinding(otherwise);
    enter();
    whenFalse.run();
    exit();
    code.labelBinding(end);
  }

  /** Multiplies the int on the stack. */
  MethodWriter times(int factor) {
    if (factor == 1) {
      return this;
    }
    if (isPowerOfTwo(factor)) {
      push(Integer.numberOfTrailingZeros(factor));
      code.ishl();
    } else {
      push(factor);
      code.imul();
    }
    return this;
  }

  /** Divides the non-negative int on the stack. */
  MethodWriter dividedBy(int divisor) {
    if (divisor == 1) {
      return this;
    }
    if (isPowerOfTwo(divisor)) {
      push(Integer.numberOfTrailingZeros(divisor));
      code.ishr();
    } else {
      push(divisor);
      code.idiv();
    }
    return this;
  }

  /** Replaces the non-negative int on the stack by its remainder. */
  MethodWriter remainderOf(int divisor) {
    if (isPowerOfTwo(divisor)) {
      push(divisor - 1);
      code.iand();
    } else {
      push(divisor);
      code.irem();
    }
    return this;
  }

  /** Adds two ints on the stack. */
  MethodWriter plus() {
    code.iadd();
    return this;
  }

  /** Subtracts the int on the stack from the one below it. */
  MethodWriter minus() {
    code.isub();
    return this;
  }

  static boolean isPowerOfTwo(int value) {
    return Integer.bitCount(value) == 1 && value > 0;
  }
}
