package dev.kvasir.codegen.emit.jvm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CombineAttention;
import dev.kvasir.codegen.skeleton.DecodeAttention;
import dev.kvasir.codegen.skeleton.DenseKernels;
import dev.kvasir.codegen.skeleton.GatedProduct;
import dev.kvasir.codegen.skeleton.MatrixFormat;
import dev.kvasir.codegen.skeleton.PrefillAttention;
import dev.kvasir.codegen.skeleton.ProductBlock;
import dev.kvasir.codegen.skeleton.RowKernels;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.reflect.AccessFlag;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What a class file may contain, whatever kernel it holds. */
class ClassFileTest {

  private static final Set<String> CALLEES =
      Set.of(
          "java/lang/Math",
          "java/lang/Float",
          "java/lang/foreign/MemorySegment",
          "jdk/incubator/vector/FloatVector",
          "jdk/incubator/vector/IntVector",
          "jdk/incubator/vector/LongVector",
          "jdk/incubator/vector/ShortVector",
          "jdk/incubator/vector/VectorMask");

  static final List<Kernel> KERNELS = kernels();

  private static List<Kernel> kernels() {
    OptionalInt none = OptionalInt.empty();
    AttentionShape shape =
        new AttentionShape(
            6,
            2,
            32,
            96,
            0.2,
            SegmentPart.of(
                new HeadGroup(
                    List.of(0),
                    List.of(
                        CacheSegment.of(CacheSegment.Kind.SINK, ElementFormat.BF16, 4, none),
                        CacheSegment.of(CacheSegment.Kind.RING, ElementFormat.F32, 64, none)))),
            256);
    return List.of(
        DecodeAttention.build("decode", shape, 2, 4),
        CombineAttention.build("combine", shape, 4),
        PrefillAttention.build("prefill", shape, 16, 2),
        DenseKernels.gatedProduct(
            new GatedProduct(
                "gated",
                24,
                19,
                MatrixFormat.of(ElementFormat.F16),
                MatrixFormat.of(ElementFormat.BF16)),
            ProductBlock.of(24, 19, 1 << 17)),
        RowKernels.rmsNorm("norm", 1, 21, 1e-5, ElementFormat.F16, 21),
        RowKernels.argmax("argmax", 33, 33));
  }

  @ParameterizedTest
  @FieldSource("KERNELS")
  void verifiesAndHoldsStaticMethodsAlone(Kernel kernel) {
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      byte[] classFile = JvmLowering.lower(kernel, bits);
      assertThat(ClassFile.of().verify(classFile)).isEmpty();
      ClassModel model = ClassFile.of().parse(classFile);
      assertThat(model.thisClass().asInternalName().replace('/', '.'))
          .isEqualTo(JvmKernelAbi.className(kernel.name(), bits));
      assertThat(model.fields()).isEmpty();
      assertThat(model.interfaces()).isEmpty();
      for (MethodModel method : model.methods()) {
        assertThat(method.flags().has(AccessFlag.STATIC)).isTrue();
        assertThat(method.methodName().stringValue()).doesNotStartWith("<");
        method.code().orElseThrow().forEach(element -> check(element, model));
      }
      assertThat(model.methods().stream().filter(m -> m.flags().has(AccessFlag.PUBLIC)))
          .anyMatch(
              m ->
                  m.methodName().equalsString(JvmKernelAbi.ENTRY)
                      && m.methodType().equalsString(JvmKernelAbi.ENTRY_DESCRIPTOR));
    }
  }

  private static void check(CodeElement element, ClassModel model) {
    if (element instanceof Instruction instruction) {
      assertThat(instruction.opcode()).isNotEqualTo(Opcode.INVOKEDYNAMIC);
      assertThat(instruction.opcode().kind())
          .isNotIn(Opcode.Kind.NEW_OBJECT, Opcode.Kind.THROW_EXCEPTION, Opcode.Kind.MONITOR);
    }
    if (element instanceof InvokeInstruction call && !call.owner().equals(model.thisClass())) {
      assertThat(call.owner().asInternalName()).isIn(CALLEES);
    }
  }

  @ParameterizedTest
  @FieldSource("KERNELS")
  void sameKernelSameBytes(Kernel kernel) {
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      assertThat(JvmLowering.lower(kernel, bits)).isEqualTo(JvmLowering.lower(kernel, bits));
    }
  }

  @Test
  void refusesOtherWidths() {
    assertThatThrownBy(() -> JvmLowering.lower(KERNELS.getFirst(), 64))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("vector bits must be one of [128, 256, 512], got 64");
  }
}
