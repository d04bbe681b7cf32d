package dev.kvasir.runtime.backend;

import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KvasirException;
import java.util.OptionalInt;
import jdk.incubator.vector.FloatVector;

/** Which of a plan's kernel variants fits this machine. */
public final class VectorWidth {

  private static final String MODULE = "jdk.incubator.vector";

  private VectorWidth() {}

  /**
   * {@return the width in bits of the kernels to run}
   *
   * @param requested one of {@link JvmKernelAbi#VECTOR_BITS}; empty for the widest that this
   *     machine prefers
   * @throws KvasirException when plans hold no such width, or Java runs without the Vector API
   */
  public static int choose(OptionalInt requested) {
    if (ModuleLayer.boot().findModule(MODULE).isEmpty()) {
      throw new KvasirException(
          ErrorCode.NO_VECTOR_MODULE,
          "Java runs without the module %s; start it with --add-modules %s"
              .formatted(MODULE, MODULE));
    }
    if (requested.isEmpty()) {
      return preferred();
    }
    int bits = requested.getAsInt();
    if (!JvmKernelAbi.VECTOR_BITS.contains(bits)) {
      throw new KvasirException(
          ErrorCode.OPTION_INVALID,
          "the vector width must be one of %s bits, got %d"
              .formatted(JvmKernelAbi.VECTOR_BITS, bits));
    }
    return bits;
  }

  private static int preferred() {
    int machine = FloatVector.SPECIES_PREFERRED.vectorBitSize();
    int narrowest = JvmKernelAbi.VECTOR_BITS.getFirst();
    return JvmKernelAbi.VECTOR_BITS.stream()
        .filter(bits -> bits <= machine)
        .max(Integer::compare)
        .orElse(narrowest);
  }
}
