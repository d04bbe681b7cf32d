package dev.kvasir.codegen.assemble;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.AttentionShape;
import dev.kvasir.codegen.skeleton.CombineAttention;
import dev.kvasir.codegen.tile.AttentionSizes;
import dev.kvasir.codegen.tile.TargetProfile;
import dev.kvasir.codegen.tile.TileChooser;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.plans.CheckVectors;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.KernelDeclaration.Argument;
import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.plans.safetensors.SafetensorsFile;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AttentionChecksTest {

  private static final int CONTEXT = 4096;

  /**
   * A check is passed by what is within a relative 1e-5. A logarithm of a sum is a maximum and a
   * logarithm; where these nearly cancel, what rounding leaves is relatively large.
   */
  @ParameterizedTest
  @ValueSource(ints = {32, 64, 96, 128, 256})
  void nothingCancelsInWhatACombineIsCheckedFor(int headDim) throws SafetensorsException {
    for (int group : new int[] {1, 2, 4, 8}) {
      for (int maxSplits = 1; maxSplits <= 32; maxSplits++) {
        assertWellConditioned(headDim, group, maxSplits);
      }
    }
  }

  private static void assertWellConditioned(int headDim, int group, int maxSplits)
      throws SafetensorsException {
    AttentionShape shape =
        new AttentionShape(
            group,
            1,
            headDim,
            headDim,
            1 / Math.sqrt(headDim),
            SegmentPart.of(
                new HeadGroup(
                    List.of(0),
                    List.of(
                        CacheSegment.of(
                            CacheSegment.Kind.DENSE, ElementFormat.F32, 0, OptionalInt.empty())))),
            CONTEXT);
    TargetProfile profile = TargetProfile.jvm();
    AttentionSizes sizes = new AttentionSizes(group, 1, headDim, headDim, CONTEXT);
    AttentionChecks checks =
        new AttentionChecks(
            new PlanSizes(CONTEXT, CONTEXT, TileChooser.choose(sizes, profile, Map.of()), profile),
            maxSplits);
    CheckCase check = checks.combine(shape);
    Map<String, SafetensorsTensor> vectors = vectors(headDim, shape, maxSplits, check);
    SafetensorsTensor maxima = tensor(vectors, "partial_maximum");
    SafetensorsTensor sums = tensor(vectors, "partial_sum");
    SafetensorsTensor lse = tensor(vectors, "lse");
    double terms = 0;
    double results = 0;
    for (int query = 0; query < group; query++) {
      double maximum = Double.NEGATIVE_INFINITY;
      for (int split = 0; split < CheckRunner.dim(check, "splits"); split++) {
        maximum = Math.max(maximum, maxima.floatAt((long) split * group + query));
      }
      double sum = 0;
      for (int split = 0; split < CheckRunner.dim(check, "splits"); split++) {
        long element = (long) split * group + query;
        sum += sums.floatAt(element) * Math.pow(2, maxima.floatAt(element) - maximum);
      }
      terms += Math.pow((Math.abs(maximum) + Math.abs(Math.log(sum) / Math.log(2))), 2);
      results += Math.pow(lse.floatAt(query) / Math.log(2), 2);
    }
    assertThat(Math.sqrt(results))
        .as("%d elements, %d query heads, %d splits", headDim, group, maxSplits)
        .isGreaterThan(Math.sqrt(terms) / 2);
  }

  private static SafetensorsTensor tensor(Map<String, SafetensorsTensor> vectors, String name) {
    SafetensorsTensor tensor = vectors.get(name);
    if (tensor == null) {
      throw new AssertionError("no vector of " + name + " among " + vectors.keySet());
    }
    return tensor;
  }

  private static Map<String, SafetensorsTensor> vectors(
      int headDim, AttentionShape shape, int maxSplits, CheckCase check)
      throws SafetensorsException {
    String name = "combine_attention_d" + headDim;
    Kernel kernel = CombineAttention.build(name, shape, maxSplits);
    List<Argument> arguments =
        kernel.buffers().stream()
            .map(
                buffer ->
                    new Argument(
                        buffer.name(),
                        KernelLibrary.storage(buffer.format()),
                        buffer.access() != Kernel.Access.READ,
                        buffer.access() != Kernel.Access.WRITE))
            .toList();
    KernelDeclaration declaration =
        new KernelDeclaration(
            name,
            "",
            arguments,
            kernel.dims(),
            kernel.axes().size(),
            0,
            0,
            new TreeMap<>(),
            new KernelDeclaration.Check(List.of(), List.of(), List.of()));
    CheckVectors.Builder builder = new CheckVectors.Builder();
    CheckRunner.run(kernel, declaration, check, builder);
    Map<String, SafetensorsTensor> byArgument = new TreeMap<>();
    SafetensorsFile.of("checks", MemorySegment.ofArray(builder.toBytes()))
        .tensors()
        .forEach(
            (tensor, content) ->
                byArgument.put(tensor.substring(tensor.lastIndexOf('.') + 1), content));
    return byArgument;
  }
}
