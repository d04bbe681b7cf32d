package dev.kvasir.runtime.tornadovm;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TaskClassTest {

  private static final int CALL = 0xb8;
  private static final int VIRTUAL_CALL = 0xb6;
  private static final List<ClassDesc> TYPES =
      List.of(
          ClassDesc.of("uk.ac.manchester.tornado.api.types.arrays.FloatArray"),
          ClassDesc.of("uk.ac.manchester.tornado.api.types.arrays.IntArray"),
          ClassDesc.of("uk.ac.manchester.tornado.api.types.arrays.ShortArray"),
          ClassDesc.of("uk.ac.manchester.tornado.api.types.arrays.ByteArray"));

  private final long seed = System.nanoTime();

  /** TornadoVM takes the first byte that looks like a call, and one signed byte of its index. */
  @Test
  void theFirstByteThatLooksLikeACallIsTheCallAndItsIndexIsSmall() {
    Random random = new Random(seed);
    for (int count = 1; count <= 20; count++) {
      List<ClassDesc> types = new ArrayList<>();
      types.add(ClassDesc.of("uk.ac.manchester.tornado.api.KernelContext"));
      while (types.size() < count) {
        types.add(TYPES.get(random.nextInt(TYPES.size())));
      }
      byte[] bytes =
          TaskClass.of(
              "a.Kernel$Task",
              "a.Kernel",
              "k_kernel",
              MethodTypeDesc.of(ConstantDescs.CD_void, types));
      ClassModel model = ClassFile.of().parse(bytes);
      byte[] code = apply(model).codeArray();

      int at = 0;
      while (code[at] != (byte) CALL && code[at] != (byte) VIRTUAL_CALL) {
        at++;
      }
      assertThat(code[at]).as("seed %d", seed).isEqualTo((byte) CALL);
      assertThat(at).as("seed %d, the last but the return", seed).isEqualTo(code.length - 4);
      assertThat(code[at + 1]).isZero();
      assertThat(code[at + 2]).as("seed %d", seed).isPositive();
      assertThat(model.interfaces().getFirst().asInternalName()).endsWith("$Task" + count);
    }
  }

  private static CodeAttribute apply(ClassModel model) {
    MethodModel method =
        model.methods().stream()
            .filter(candidate -> candidate.methodName().equalsString("apply"))
            .findFirst()
            .orElseThrow();
    return method.findAttribute(java.lang.classfile.Attributes.code()).orElseThrow();
  }
}
