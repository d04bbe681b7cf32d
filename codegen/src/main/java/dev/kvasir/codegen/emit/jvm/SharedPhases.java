package dev.kvasir.codegen.emit.jvm;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Methods that several kernels call: one for each key, so that the just-in-time compiler meets each
 * loop once and later kernels start with its machine code.
 */
final class SharedPhases {

  /**
   * A shared method.
   *
   * @param owner the class that holds it
   * @param name its name
   * @param type its parameters
   */
  record Phase(ClassDesc owner, String name, MethodTypeDesc type) {
    void invoke(CodeBuilder code) {
      code.invokestatic(owner, name, type);
    }
  }

  private record Pending(Phase phase, Consumer<CodeBuilder> body) {}

  private final ClassDesc owner;
  private final Map<Object, Phase> phases = new HashMap<>();
  private final List<Pending> pending = new ArrayList<>();

  SharedPhases(ClassDesc owner) {
    this.owner = owner;
  }

  /** {@return the method for {@code key}, to be written by {@code body} when it is new} */
  Phase phase(String prefix, Object key, MethodTypeDesc type, Consumer<CodeBuilder> body) {
    Phase known = phases.get(key);
    if (known != null) {
      return known;
    }
    Phase phase = new Phase(owner, prefix + "_" + phases.size(), type);
    phases.put(key, phase);
    pending.add(new Pending(phase, body));
    return phase;
  }

  /** Writes all methods into a class. */
  void writeTo(ClassBuilder builder) {
    for (Pending method : pending) {
      builder.withMethodBody(
          method.phase().name(),
          method.phase().type(),
          ClassFile.ACC_STATIC | ClassFile.ACC_PUBLIC,
          FaultMark.before(method.phase().type(), method.body()));
    }
  }
}
