package dev.kvasir.runtime.toy;

import dev.kvasir.plans.abi.JvmKernelAbi;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.attribute.InnerClassesAttribute;
import java.lang.classfile.attribute.NestHostAttribute;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
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
    ClassFile classFile = ClassFile.of(ClassFile.ConstantPoolSharingOption.NEW_POOL);
    ClassModel model = classFile.parse(bytes);
    ClassDesc from = model.thisClass().asSymbol();
    ClassDesc to = ClassDesc.of(JvmKernelAbi.className(kernel, bits));
    CodeTransform code = (builder, element) -> rename(builder, element, from, to);
    ClassTransform methods = ClassTransform.transformingMethodBodies(code);
    // A kernel stands alone: nothing may point to the class that it was nested in.
    ClassTransform alone =
        ClassTransform.dropping(
            element ->
                element instanceof NestHostAttribute || element instanceof InnerClassesAttribute);
    return classFile.transformClass(model, to, alone.andThen(methods));
  }

  private static void rename(
      CodeBuilder builder, CodeElement element, ClassDesc from, ClassDesc to) {
    switch (element) {
      case InvokeInstruction call when call.owner().asSymbol().equals(from) ->
          builder.invoke(
              call.opcode(), to, call.name().stringValue(), call.typeSymbol(), call.isInterface());
      case FieldInstruction access when access.owner().asSymbol().equals(from) ->
          builder.fieldAccess(
              access.opcode(), to, access.name().stringValue(), access.typeSymbol());
      default -> builder.with(element);
    }
  }
}
