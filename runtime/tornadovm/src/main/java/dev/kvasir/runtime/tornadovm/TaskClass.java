package dev.kvasir.runtime.tornadovm;

import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.Collections;

/**
 * Class files that make a task of a kernel.
 *
 * <p>TornadoVM finds the kernel by reading the code of the task's {@code apply} for its first call,
 * and takes one byte of that call's index in the constant pool. So {@code apply} does nothing but
 * call, and the class has little else in its constant pool.
 */
final class TaskClass {

  private static final String TASK = "uk.ac.manchester.tornado.api.common.TornadoFunctions$Task";

  private TaskClass() {}

  /** {@return the name of the class that makes a task of the kernel in another class} */
  static String nameFor(String kernelClass) {
    return kernelClass + "$Task";
  }

  /**
   * {@return a class file}
   *
   * @param name the class's binary name
   * @param kernelClass where the kernel is
   * @param method the kernel's static method
   * @param signature its parameters
   */
  static byte[] of(String name, String kernelClass, String method, MethodTypeDesc signature) {
    int count = signature.parameterCount();
    return ClassFile.of()
        .build(
            ClassDesc.of(name),
            builder -> {
              // First, so that the constants of its code have small indices.
              apply(builder, ClassDesc.of(kernelClass), method, signature);
              builder.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL);
              builder.withInterfaceSymbols(ClassDesc.of(TASK + count));
              builder.withMethodBody(
                  ConstantDescs.INIT_NAME,
                  ConstantDescs.MTD_void,
                  ClassFile.ACC_PUBLIC,
                  code ->
                      code.aload(0)
                          .invokespecial(
                              ConstantDescs.CD_Object,
                              ConstantDescs.INIT_NAME,
                              ConstantDescs.MTD_void)
                          .return_());
            });
  }

  private static void apply(
      ClassBuilder builder, ClassDesc kernelClass, String method, MethodTypeDesc signature) {
    MethodTypeDesc erased =
        MethodTypeDesc.of(
            ConstantDescs.CD_void,
            Collections.nCopies(signature.parameterCount(), ConstantDescs.CD_Object));
    builder.withMethodBody(
        "apply",
        erased,
        ClassFile.ACC_PUBLIC,
        code -> {
          for (int i = 0; i < signature.parameterCount(); i++) {
            code.aload(i + 1).checkcast(signature.parameterType(i));
          }
          code.invokestatic(kernelClass, method, signature).return_();
        });
  }
}
