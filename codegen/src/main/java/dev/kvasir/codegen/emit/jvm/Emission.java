package dev.kvasir.codegen.emit.jvm;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/** The class file being written: its methods, and the byte-code shapes that all phases share. */
final class Emission {

  private final ClassBuilder builder;
  private final ClassDesc self;
  private final int lanes;
  private final TileFrame frame;
  private final SharedPhases shared;
  private int methods;

  Emission(ClassBuilder builder, ClassDesc self, int lanes, TileFrame frame, SharedPhases shared) {
    this.builder = builder;
    this.self = self;
    this.lanes = lanes;
    this.frame = frame;
    this.shared = shared;
  }

  ClassDesc self() {
    return self;
  }

  /** {@return 32-bit lanes of a whole vector} */
  int lanes() {
    return lanes;
  }

  TileFrame frame() {
    return frame;
  }

  /** Most vector accumulators that stay in registers beside the operands. */
  int accumulators() {
    return lanes == 16 ? 16 : 8;
  }

  /** Adds a static method and returns its name. */
  String method(String prefix, MethodTypeDesc type, Consumer<CodeBuilder> body) {
    String name = prefix + "_" + methods++;
    builder.withMethodBody(
        name, type, ClassFile.ACC_STATIC | ClassFile.ACC_PRIVATE, FaultMark.before(type, body));
    return name;
  }

  /**
   * {@return a method that is written once for all kernels that share phases}
   *
   * @param key equal for equal methods
   */
  SharedPhases.Phase shared(
      String prefix, Object key, MethodTypeDesc type, Consumer<CodeBuilder> body) {
    return shared.phase(prefix, key, type, body);
  }

  /** Writes {@code for (int i = from; i < to; i += step) body(i)}; {@code body} gets i's slot. */
  static void loop(CodeBuilder code, int from, int to, int step, IntConsumer body) {
    if (to <= from) {
      return;
    }
    int limit = code.allocateLocal(TypeKind.INT);
    code.loadConstant(to).istore(limit);
    loop(code, () -> code.loadConstant(from), limit, step, body);
  }

  /** Writes the same loop from what {@code from} pushes to the int in slot {@code to}. */
  static void loop(CodeBuilder code, Runnable from, int to, int step, IntConsumer body) {
    int variable = code.allocateLocal(TypeKind.INT);
    Label top = code.newLabel();
    Label end = code.newLabel();
    from.run();
    code.istore(variable);
    code.labelBinding(top).iload(variable).iload(to).if_icmpge(end);
    body.accept(variable);
    code.iinc(variable, step).goto_(top).labelBinding(end);
  }

  /** Pushes slot + constant + variable * factor as int; a negative slot or variable is left out. */
  static void pushInt(CodeBuilder code, int slot, int constant, int variable, int factor) {
    code.loadConstant(constant);
    if (slot >= 0) {
      code.iload(slot).iadd();
    }
    if (variable >= 0) {
      code.iload(variable);
      if (factor != 1) {
        code.loadConstant(factor).imul();
      }
      code.iadd();
    }
  }

  /** Pushes slot + variable * factor + constant as long; a negative variable is left out. */
  static void pushLong(CodeBuilder code, int slot, long constant, int variable, long factor) {
    code.lload(slot);
    if (variable >= 0) {
      code.iload(variable).i2l();
      if (factor != 1) {
        code.loadConstant(factor).lmul();
      }
      code.ladd();
    }
    if (constant != 0) {
      code.loadConstant(constant).ladd();
    }
  }
}
