package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.LAYOUT_BYTE;
import static dev.kvasir.codegen.emit.jvm.Descriptors.SEGMENT;
import static dev.kvasir.codegen.emit.jvm.Descriptors.SEGMENT_GET_BYTE;
import static dev.kvasir.codegen.emit.jvm.Descriptors.VALUE_LAYOUT;

import java.lang.classfile.CodeBuilder;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.function.Consumer;

/**
 * Lets a method outlive a fault in the memory it reads.
 *
 * <p>Weights are mapped files, and a page that such a file lost is a fault to read. The virtual
 * machine throws an {@link InternalError} then if the method at fault is known to access memory
 * that may be no array; any other fault in compiled code ends the process. Of a vector load it does
 * not know (HotSpot marks a method where it compiles a scalar access, {@code
 * Compile::set_has_unsafe_access}). So each method reads one scalar first. Nothing uses it, so that
 * no instruction of it is left; the mark is.
 */
final class FaultMark {

  private FaultMark() {}

  /** {@return {@code body} after such a read, of the method's first buffer where it has one} */
  static Consumer<CodeBuilder> before(MethodTypeDesc type, Consumer<CodeBuilder> body) {
    int slot = 0;
    for (ClassDesc parameter : type.parameterList()) {
      if (parameter.equals(SEGMENT)) {
        int buffer = slot;
        return code -> {
          code.aload(buffer)
              .getstatic(VALUE_LAYOUT, "JAVA_BYTE", LAYOUT_BYTE)
              .lconst_0()
              .invokeinterface(SEGMENT, "get", SEGMENT_GET_BYTE)
              .istore(code.allocateLocal(TypeKind.INT));
          body.accept(code);
        };
      }
      slot += TypeKind.from(parameter).slotSize();
    }
    return body;
  }
}
