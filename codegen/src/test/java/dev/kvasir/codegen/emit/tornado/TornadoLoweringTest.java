package dev.kvasir.codegen.emit.tornado;

import static dev.kvasir.codegen.emit.tornado.SmallKernel.view;
import static dev.kvasir.codegen.emit.tornado.SmallKernel.whole;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.emit.tornado.TornadoUnsupportedException.Reason;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CombineAttention;
import dev.kvasir.codegen.skeleton.DecodeAttention;
import dev.kvasir.ir.kernel.IntExpression;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.Statement;
import dev.kvasir.ir.kernel.TileExpression;
import dev.kvasir.ir.kernel.View;
import dev.kvasir.ir.type.ElementFormat;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Instruction;
import java.lang.classfile.MethodModel;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.classfile.instruction.NewPrimitiveArrayInstruction;
import java.lang.classfile.instruction.ThrowInstruction;
import java.lang.reflect.AccessFlag;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a class file for the {@code tornado} target looks like, and which kernels have none. */
final class TornadoLoweringTest {

  private static final String API = "uk/ac/manchester/tornado/api/";

  static Stream<Named<Kernel>> kernels() {
    AttentionShape streaming = AttentionCase.shape(AttentionCase.sinkAndRing(256), 4, 2, 96);
    AttentionShape dense = AttentionCase.shape(AttentionCase.dense(), 8, 4, 128);
    return Stream.of(
            DecodeAttention.build("decode", streaming, 4, 8),
            CombineAttention.build("combine", dense, 8))
        .map(kernel -> Named.of(kernel.name(), kernel));
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void everyLocalIsNamedWhereItIsUsed(Kernel kernel) {
    CodeModel code = method(kernel).code().orElseThrow();
    List<LocalVariable> named =
        code.elementStream()
            .filter(LocalVariable.class::isInstance)
            .map(LocalVariable.class::cast)
            .toList();
    MethodPositions positions = MethodPositions.of(code);
    for (MethodPositions.Use use : positions.uses()) {
      assertThat(named)
          .as("slot %d at %d", use.slot(), use.position())
          .filteredOn(local -> local.slot() == use.slot())
          .anyMatch(local -> positions.covers(local, use.position()));
    }
    int parameters = method(kernel).methodTypeSymbol().parameterCount();
    assertThat(named)
        .extracting(LocalVariable::slot)
        .contains(IntStream.range(0, parameters).boxed().toArray(Integer[]::new));
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void namesOnlyWhatTheTargetCompiles(Kernel kernel) {
    ClassModel model = ClassFile.of().parse(TornadoLowering.lower(kernel).classFile());
    assertThat(model.fields()).isEmpty();
    assertThat(model.methods()).hasSize(1);
    Set<String> names = new TreeSet<>();
    for (Instruction instruction : instructions(method(kernel))) {
      assertThat(instruction)
          .isNotInstanceOfAny(ThrowInstruction.class, NewPrimitiveArrayInstruction.class);
      // Written as a signed shift.
      assertThat(instruction.opcode()).isNotEqualTo(Opcode.IUSHR);
      switch (instruction) {
        case InvokeInstruction call ->
            names.add(call.owner().asInternalName() + "." + call.name().stringValue());
        case FieldInstruction field ->
            names.add(field.owner().asInternalName() + "." + field.name().stringValue());
        default -> {}
      }
    }
    assertThat(
            Set.of(
                "java/lang/Integer.intValue",
                API + "KernelContext.localIdx",
                API + "KernelContext.groupIdx",
                API + "KernelContext.groupIdy",
                API + "KernelContext.groupIdz",
                API + "KernelContext.localBarrier",
                API + "KernelContext.globalBarrier",
                API + "KernelContext.allocateFloatLocalArray",
                API + "KernelContext.allocateIntLocalArray",
                API + "math/TornadoMath.min",
                API + "math/TornadoMath.max",
                API + "math/TornadoMath.log",
                API + "math/TornadoMath.sqrt",
                API + "types/arrays/FloatArray.get",
                API + "types/arrays/FloatArray.set",
                API + "types/arrays/ShortArray.get",
                API + "types/arrays/ShortArray.set",
                API + "types/arrays/ByteArray.get",
                API + "types/arrays/ByteArray.set",
                API + "types/arrays/IntArray.get",
                API + "types/arrays/IntArray.set"))
        .containsAll(names);
  }

  @ParameterizedTest
  @MethodSource("kernels")
  void theMethodIsWhatTornadoTakes(Kernel kernel) {
    TornadoKernel lowered = TornadoLowering.lower(kernel);
    MethodModel method = method(kernel);
    assertThat(method.flags().flags())
        .containsExactlyInAnyOrder(AccessFlag.PUBLIC, AccessFlag.STATIC);
    assertThat(method.methodName().stringValue()).isEqualTo("k_" + kernel.name());
    assertThat(method.methodTypeSymbol().returnType().displayName()).isEqualTo("void");
    assertThat(method.methodTypeSymbol().parameterList())
        .extracting(type -> type.displayName())
        .startsWith("KernelContext", "IntArray", "IntArray")
        .hasSize(3 + kernel.buffers().size());
    assertThat(TornadoLowering.lower(kernel).classFile()).isEqualTo(lowered.classFile());
  }

  private static MethodModel method(Kernel kernel) {
    return ClassFile.of().parse(TornadoLowering.lower(kernel).classFile()).methods().getFirst();
  }

  private static List<Instruction> instructions(MethodModel method) {
    return method
        .code()
        .orElseThrow()
        .elementStream()
        .filter(Instruction.class::isInstance)
        .map(Instruction.class::cast)
        .toList();
  }

  @Test
  void refusesBfloat16() {
    Kernel kernel = reading("pages", ElementFormat.BF16);
    requireRefusal(kernel, Reason.FORMAT, "buffer pages holds bf16");
    requireRefusal(kernel, Reason.FORMAT, "store rows as f16 or f32 with store-kv");
  }

  @Test
  void refusesSignedBytes() {
    Kernel kernel = reading("w", ElementFormat.I8);
    requireRefusal(kernel, Reason.FORMAT, "buffer w holds i8");
    requireRefusal(kernel, Reason.FORMAT, "use a model with f16 or f32 weights");
  }

  private static Kernel reading(String buffer, ElementFormat format) {
    return new SmallKernel()
        .buffer(buffer, format, Kernel.Access.READ)
        .writes("out")
        .tile("t", 2, 2)
        .of(
            new Statement.Load("t", whole(buffer, 2, 2)),
            new Statement.Store(whole("out", 2, 2), "t"));
  }

  @Test
  void refusesMoreLocalMemoryThanThereIs() {
    requireRefusal(copy(48 * 1024 / 4 + 1, 0), Reason.LOCAL_MEMORY, "49156 bytes");
    assertThat(TornadoLowering.lower(copy(48 * 1024 / 4, 0)).localBytes()).isEqualTo(48 * 1024);
  }

  @Test
  void refusesMoreBuffersThanATaskTakes() {
    MethodModel method = method(buffers(17));
    assertThat(method.methodTypeSymbol().parameterCount()).isEqualTo(20);
    requireRefusal(buffers(18), Reason.ARGUMENTS, "18 buffers");
  }

  private static Kernel buffers(int count) {
    SmallKernel kernel = new SmallKernel().tile("t", 1, 1).dim("n");
    for (int i = 0; i < count; i++) {
      kernel.reads("b" + i);
    }
    return kernel.of(new Statement.Map("t", TileExpression.constant(0)));
  }

  @Test
  void refusesPlacesBeyondAnIndex() {
    requireRefusal(copy(8, Integer.MAX_VALUE - 6), Reason.INDEX, "beyond element 2^31 - 1");
    assertThat(TornadoLowering.lower(copy(8, Integer.MAX_VALUE - 7)).classFile()).isNotEmpty();
    View far =
        new View(
            "source",
            new View.Layout.Rows(1, 0, 1),
            1,
            8,
            new IntExpression.Axis("sequence"),
            1L << 31,
            IntExpression.constant(0),
            IntExpression.constant(0));
    Kernel kernel =
        new SmallKernel().reads("source").tile("t", 1, 8).of(new Statement.Load("t", far));
    requireRefusal(kernel, Reason.INDEX, "buffer source");
  }

  private static Kernel copy(int size, int offset) {
    View.Layout row = new View.Layout.Rows(1, 0, size);
    return new SmallKernel()
        .reads("source")
        .tile("t", 1, size)
        .of(new Statement.Load("t", view("source", row, 1, size, offset, 0)));
  }

  private static void requireRefusal(Kernel kernel, Reason reason, String what) {
    assertThatThrownBy(() -> TornadoLowering.lower(kernel))
        .isInstanceOf(TornadoUnsupportedException.class)
        .hasMessageContaining("kernel " + kernel.name())
        .hasMessageContaining(reason.code())
        .hasMessageContaining(what)
        .extracting(problem -> ((TornadoUnsupportedException) problem).reason())
        .isEqualTo(reason);
  }
}
