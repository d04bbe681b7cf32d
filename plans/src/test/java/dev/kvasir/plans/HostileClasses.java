package dev.kvasir.plans;

import dev.kvasir.plans.abi.JvmKernelAbi;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.function.Consumer;

/** Writes classes with one thing in them that no kernel may have. */
final class HostileClasses {

  /** Vector width of the classes. */
  static final int BITS = 256;

  static final MethodTypeDesc RUN = MethodTypeDesc.ofDescriptor(JvmKernelAbi.ENTRY_DESCRIPTOR);
  static final int OPEN = ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC;
  static final int OWN = ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC;

  private HostileClasses() {}

  /** {@return the class that a kernel must have} */
  static ClassDesc self(String kernel, int bits) {
    return ClassDesc.of(JvmKernelAbi.className(kernel, bits));
  }

  /** {@return the class of the phases that kernels share} */
  static ClassDesc shared() {
    return self(JvmKernelAbi.SHARED, BITS);
  }

  /** {@return a kernel that does nothing} */
  static byte[] harmless(String kernel, int bits) {
    return of(kernel, bits, CodeBuilder::return_);
  }

  /** {@return the kernel attend whose entry method has this body, with a return at its end} */
  static byte[] body(Consumer<CodeBuilder> body) {
    return of("attend", BITS, body.andThen(CodeBuilder::return_));
  }

  private static byte[] of(String kernel, int bits, Consumer<CodeBuilder> body) {
    return file(
        self(kernel, bits),
        builder ->
            builder
                .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL)
                .withMethodBody(JvmKernelAbi.ENTRY, RUN, OPEN, body));
  }

  /** {@return the kernel attend, harmless but for what is added} */
  static byte[] with(Consumer<ClassBuilder> more) {
    return file(
        self("attend", BITS),
        builder -> {
          builder
              .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL)
              .withMethodBody(JvmKernelAbi.ENTRY, RUN, OPEN, CodeBuilder::return_);
          more.accept(builder);
        });
  }

  /** {@return the phases that kernels share} */
  static byte[] sharedWith(Consumer<ClassBuilder> methods) {
    return file(
        shared(),
        builder -> {
          builder.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL);
          methods.accept(builder);
        });
  }

  /** {@return a class file, its stack maps as they are given} */
  static byte[] file(ClassDesc self, Consumer<ClassBuilder> content) {
    // Hostile code need not be sound, and nothing here runs it.
    return ClassFile.of(
            ClassFile.StackMapsOption.DROP_STACK_MAPS, ClassFile.DeadCodeOption.KEEP_DEAD_CODE)
        .build(self, content);
  }

  /** {@return the kernel attend that calls a static method without parameters or result} */
  static byte[] calling(String owner, String name, String descriptor) {
    return body(
        code -> {
          MethodTypeDesc type = MethodTypeDesc.ofDescriptor(descriptor);
          type.parameterList().forEach(parameter -> push(code, parameter));
          code.invokestatic(ClassDesc.ofInternalName(owner), name, type);
          pop(code, type);
        });
  }

  /** {@return the kernel attend that calls a method of its first buffer} */
  static byte[] callingOnSegment(String name, String descriptor) {
    return body(
        code -> {
          MethodTypeDesc type = MethodTypeDesc.ofDescriptor(descriptor);
          code.aload(0).iconst_0().aaload();
          type.parameterList().forEach(parameter -> push(code, parameter));
          code.invokeinterface(ClassDesc.of("java.lang.foreign.MemorySegment"), name, type);
          pop(code, type);
        });
  }

  private static void push(CodeBuilder code, ClassDesc type) {
    switch (type.descriptorString()) {
      case "I", "Z" -> code.iconst_0();
      case "J" -> code.lconst_0();
      case "D" -> code.dconst_0();
      default -> code.aload(0);
    }
  }

  private static void pop(CodeBuilder code, MethodTypeDesc type) {
    switch (type.returnType().descriptorString()) {
      case "V" -> {}
      case "I", "Z" -> code.istore(20);
      case "J" -> code.lstore(20);
      case "D" -> code.dstore(20);
      default -> code.astore(20);
    }
  }

  /**
   * {@return the kernel attend that counts local 10 from 0 to local 11}
   *
   * @param limit pushes the limit
   * @param step what the variable grows by
   * @param body between the test and the step
   */
  static byte[] loop(Consumer<CodeBuilder> limit, int step, Consumer<CodeBuilder> body) {
    return body(code -> loop(code, limit, step, body));
  }

  /** As the other method, into a method. */
  static void loop(
      CodeBuilder code, Consumer<CodeBuilder> limit, int step, Consumer<CodeBuilder> body) {
    Label top = code.newLabel();
    Label end = code.newLabel();
    limit.accept(code);
    code.istore(11).iconst_0().istore(10);
    code.labelBinding(top).iload(10).iload(11).if_icmpge(end);
    body.accept(code);
    code.iinc(10, step).goto_(top).labelBinding(end);
  }
}
