package dev.kvasir.runtime.toy;

import dev.kvasir.plans.abi.JvmKernelAbi;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.util.HashMap;
import java.util.Map;

/** Makes plan entries of the classes in {@link ToyKernels}. */
final class ToyKernelFiles {

  private ToyKernelFiles() {}

  /** {@return every kernel's class file by kernel name} */
  static Map<String, byte[]> all(int bits) throws IOException {
    Map<String, byte[]> files = new HashMap<>();
    files.put("embed", renamed(ToyKernels.Embed.class, "embed", bits));
    files.put("append_f32", renamed(ToyKernels.Append.class, "append_f32", bits));
    files.put("append_bf16", renamed(ToyKernels.Append.class, "append_bf16", bits));
    files.put("score", renamed(ToyKernels.Score.class, "score", bits));
    files.put("largest", renamed(ToyKernels.Largest.class, "largest", bits));
    return files;
  }

  /** {@return the class file of {@code source} under the name that the ABI gives a kernel} */
  static byte[] renamed(Class<?> source, String kernel, int bits) throws IOException {
    byte[] bytes;
    String resource = source.getName().substring(source.getPackageName().length() + 1) + ".class";
    try (InputStream in = source.getResourceAsStream(resource)) {
      if (in == null) {
        throw new IOException("no class file " + resource);
      }
      bytes = in.readAllBytes();
    }
    ClassModel model = ClassFile.of().parse(bytes);
    ClassDesc from = model.thisClass().asSymbol();
    ClassDesc to = ClassDesc.of(JvmKernelAbi.className(kernel, bits));
    return ClassFile.of()
        .build(
            to,
            builder -> {
              builder.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL);
              for (MethodModel method : model.methods()) {
                if (!method.methodName().equalsString(ConstantDescs.INIT_NAME)) {
                  copy(builder, method, from, to);
                }
              }
            });
  }

  /** Copies instructions alone: a kernel class tells nothing about its source. */
  private static void copy(ClassBuilder builder, MethodModel method, ClassDesc from, ClassDesc to) {
    boolean entry = method.methodName().equalsString(JvmKernelAbi.ENTRY);
    builder.withMethodBody(
        method.methodName().stringValue(),
        method.methodTypeSymbol(),
        ClassFile.ACC_STATIC | (entry ? ClassFile.ACC_PUBLIC : ClassFile.ACC_PRIVATE),
        code ->
            method
                .code()
                .orElseThrow()
                .elementStream()
                .filter(e -> e instanceof Instruction || e instanceof LabelTarget)
                .forEach(element -> rename(code, element, from, to)));
  }

  private static void rename(
      CodeBuilder builder, CodeElement element, ClassDesc from, ClassDesc to) {
    switch (element) {
      case InvokeInstruction call when call.owner().asSymbol().equals(from) ->
          builder.invoke(
              call.opcode(), to, call.name().stringValue(), call.typeSymbol(), call.isInterface());
      default -> builder.with(element);
    }
  }
}
