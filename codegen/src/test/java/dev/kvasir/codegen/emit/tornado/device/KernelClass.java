package dev.kvasir.codegen.emit.tornado.device;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.ArrayLoadInstruction;
import java.lang.classfile.instruction.ArrayStoreInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.Method;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** Loads a kernel's class with every access to a local array checked. */
final class KernelClass {

  private static final ClassDesc LOCAL_ARRAYS = ClassDesc.of(LocalArrays.class.getName());

  private static final class Loader extends ClassLoader {
    Loader() {
      super(KernelClass.class.getClassLoader());
    }

    Class<?> define(byte[] bytes) {
      return defineClass(null, bytes, 0, bytes.length);
    }
  }

  private KernelClass() {}

  /**
   * {@return the method of that name}
   *
   * @param barrierLeftOut the number of the barrier, in code order, that is removed; -1 for none
   */
  static Method load(byte[] classFile, String methodName, int barrierLeftOut) {
    ClassFile context = ClassFile.of();
    AtomicInteger barriers = new AtomicInteger();
    CodeTransform transform =
        (builder, element) -> checked(builder, element, barriers, barrierLeftOut);
    ClassModel model = context.parse(classFile);
    byte[] bytes =
        context.transformClass(
            model,
            ClassTransform.transformingMethodBodies(
                method -> method.methodName().equalsString(methodName), transform));
    for (Method method : new Loader().define(bytes).getMethods()) {
      if (method.getName().equals(methodName)) {
        return method;
      }
    }
    throw new IllegalArgumentException("the class has no public method " + methodName);
  }

  /** {@return the barriers that the method calls, by name, in code order} */
  static List<String> barriers(byte[] classFile, String methodName) {
    return ClassFile.of().parse(classFile).methods().stream()
        .filter(method -> method.methodName().equalsString(methodName))
        .flatMap(method -> method.code().orElseThrow().elementStream())
        .filter(KernelClass::isBarrier)
        .map(call -> ((InvokeInstruction) call).name().stringValue())
        .toList();
  }

  private static boolean isBarrier(CodeElement element) {
    return element instanceof InvokeInstruction call
        && call.name().stringValue().endsWith("Barrier");
  }

  private static void checked(
      CodeBuilder builder, CodeElement element, AtomicInteger barriers, int barrierLeftOut) {
    if (element instanceof ArrayLoadInstruction load) {
      ClassDesc type = elementType(load.opcode() == Opcode.FALOAD);
      builder.invokestatic(
          LOCAL_ARRAYS, "load", MethodTypeDesc.of(type, type.arrayType(), ConstantDescs.CD_int));
    } else if (element instanceof ArrayStoreInstruction store) {
      ClassDesc type = elementType(store.opcode() == Opcode.FASTORE);
      builder.invokestatic(
          LOCAL_ARRAYS,
          "store",
          MethodTypeDesc.of(ConstantDescs.CD_void, type.arrayType(), ConstantDescs.CD_int, type));
    } else if (isBarrier(element) && barriers.getAndIncrement() == barrierLeftOut) {
      builder.pop();
    } else {
      builder.with(element);
    }
  }

  private static ClassDesc elementType(boolean isFloat) {
    return isFloat ? ConstantDescs.CD_float : ConstantDescs.CD_int;
  }
}
