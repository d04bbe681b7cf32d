package dev.kvasir.fuzz;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFile.ConstantPoolSharingOption;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The methods that kernels share, without those that no kernel of a plan calls. */
final class SharedMethods {

  private SharedMethods() {}

  /**
   * {@return a class with those of its methods alone that others call, at once or through others}
   *
   * @param callers class files of kernels
   * @param shared the class file whose methods they call
   */
  static byte[] calledBy(List<byte[]> callers, byte[] shared) {
    ClassFile files = ClassFile.of(ConstantPoolSharingOption.NEW_POOL);
    ClassModel model = files.parse(shared);
    Set<String> called = new HashSet<>();
    for (byte[] caller : callers) {
      files.parse(caller).methods().forEach(method -> addCalls(method, model, called));
    }
    for (int before = -1; before < called.size(); ) {
      before = called.size();
      model.methods().stream()
          .filter(method -> called.contains(signature(method)))
          .forEach(method -> addCalls(method, model, called));
    }
    return files.transformClass(
        model,
        ClassTransform.dropping(
            element ->
                element instanceof MethodModel method && !called.contains(signature(method))));
  }

  private static void addCalls(MethodModel method, ClassModel of, Set<String> called) {
    method
        .code()
        .ifPresent(
            code ->
                code.elementStream()
                    .filter(InvokeInstruction.class::isInstance)
                    .map(InvokeInstruction.class::cast)
                    .filter(call -> call.owner().asSymbol().equals(of.thisClass().asSymbol()))
                    .forEach(call -> called.add(call.name() + call.type().stringValue())));
  }

  private static String signature(MethodModel method) {
    return method.methodName() + method.methodType().stringValue();
  }
}
