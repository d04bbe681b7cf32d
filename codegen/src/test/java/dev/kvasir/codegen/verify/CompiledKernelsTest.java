package dev.kvasir.codegen.verify;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.SampleModel;
import dev.kvasir.codegen.emit.jvm.JvmLowering;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanChecker;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.verify.KernelAllowList;
import dev.kvasir.plans.verify.KernelClassVerifier;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The class verifier accepts what the compiler writes, and allows nothing that it never writes. */
class CompiledKernelsTest {

  private static final List<Kernel> KERNELS = KernelSamples.all();

  @ParameterizedTest
  @ValueSource(ints = {128, 256, 512})
  void kernelsWholeInThemselvesAreAccepted(int bits) throws PlanException {
    for (Kernel kernel : KERNELS) {
      byte[] file = JvmLowering.lower(kernel, bits);
      assertThat(KernelClassVerifier.verify(bits, new TreeMap<>(Map.of(kernel.name(), file))))
          .as(kernel.name())
          .isNotEmpty();
    }
  }

  @Test
  void everyLineOfTheAllowListIsUsed() throws PlanException {
    SortedSet<String> uses = new TreeSet<>();
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      uses.addAll(
          KernelClassVerifier.verify(
              bits, new TreeMap<>(JvmLowering.lowerTogether(KERNELS, bits))));
    }
    assertThat(uses).isEqualTo(KernelAllowList.lines());
  }

  @ParameterizedTest
  @ValueSource(strings = {"full", "zigzag-sets"})
  void plansAreAccepted(String policy) throws PlanException {
    assertAccepted(SampleModel.shipped(policy));
  }

  @Test
  void quantisedPlansAreAccepted() throws PlanException {
    assertAccepted(
        SampleModel.policy(
            "use quantize-kv(key = int8(per = channel), value = int4(per = token, group = 32));"));
  }

  private static void assertAccepted(Policy policy) throws PlanException {
    Plan plan = SampleModel.compile(policy, CompilerOptions.defaults()).plan();
    PlanChecker.check(plan);
    assertThat(KernelClassVerifier.verify(plan).uses()).isNotEmpty();
  }
}
