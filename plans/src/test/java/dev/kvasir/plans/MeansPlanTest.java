package dev.kvasir.plans;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.memory.BufferDeclaration;
import dev.kvasir.plans.memory.BufferDeclaration.Kind;
import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Expression;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.SegmentDeclaration;
import dev.kvasir.plans.program.SegmentDeclaration.Means;
import dev.kvasir.plans.testing.ChosenSamplePlan;
import dev.kvasir.plans.testing.PackedSamplePlan;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Plans whose segments have means of the rows that they drop: of 32 and 16 elements a head. */
class MeansPlanTest {

  private static final String PLACE = "segment layer.1.ring: means: error[KV6006]: ";

  /** Means of the ring and of the first segment. */
  private static Plan plan(Means ofRing, Optional<Means> ofFirst) {
    Plan sample = PackedSamplePlan.plan();
    Program program = sample.program();
    List<SegmentDeclaration> segments = new ArrayList<>(program.segments());
    if (ofFirst.isPresent()) {
      segments.set(0, segments.getFirst().withMeans(ofFirst.get()));
    }
    segments.add(segments.removeLast().withMeans(ofRing));
    return new Plan(
        sample.manifest(),
        new Program(
            program.kernels(), segments, program.procedures(), program.rules(), program.marks()),
        withState(sample.memory(), 384),
        sample.files());
  }

  /** 96 elements of f32, and of i32 in the same bytes. */
  private static MemoryPlan withState(MemoryPlan sample, int bytes) {
    List<BufferDeclaration> buffers = new ArrayList<>(sample.buffers());
    buffers.add(state("means", StorageFormat.F32));
    buffers.add(state("counts_of_means", StorageFormat.I32));
    return new MemoryPlan(
        buffers,
        Expression.sum(List.of(sample.kvBytes(), Expression.constant(2L * bytes))),
        sample.scratchBytes());
  }

  private static BufferDeclaration state(String name, StorageFormat format) {
    return new BufferDeclaration(name, Kind.STATE, format, Expression.constant(96), 0, 0, 0, "");
  }

  @Test
  void theyAreAcceptedAndReadBack() throws PlanException {
    Plan plan = plan(new Means("means", 48), Optional.of(new Means("means", 0)));
    PlanChecker.check(plan);
    assertThat(ProgramJson.read(ProgramJson.write(plan.program()), false))
        .isEqualTo(plan.program());
  }

  @Test
  void theyLieInStateOfSinglePrecision() {
    assertRefused(
        new Means("counts_of_means", 0), "expected state of f32, got counts_of_means of i32");
    assertRefused(new Means("tails", 0), "expected state of f32, got tails of bf16");
    assertRefused(new Means("none", 0), "expected a declared buffer, got none");
  }

  @Test
  void theyLieWithinIt() {
    assertRefused(new Means("means", 49), "expected 48 elements from 49 within its 96");
    assertRefused(new Means("means", -1), "expected 48 elements from -1 within its 96");
    assertRefused(
        new Means("means", Integer.MAX_VALUE),
        "expected 48 elements from 2147483647 within its 96");
  }

  @Test
  void eachHasAPlaceOfItsOwn() {
    assertThatThrownBy(
            () ->
                PlanChecker.check(plan(new Means("means", 47), Optional.of(new Means("means", 0)))))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining(
            PLACE + "expected elements of its own, got some of another segment from 47");
  }

  /** Means are of rows that go in the order in which they came. */
  @Test
  void chosenRowsHaveNone() {
    Plan sample = ChosenSamplePlan.plan();
    Program program = sample.program();
    for (int index : new int[] {1, 2}) {
      List<SegmentDeclaration> segments = new ArrayList<>(program.segments());
      SegmentDeclaration segment = segments.get(index).withMeans(new Means("means", 0));
      segments.set(index, segment);
      Plan plan =
          new Plan(
              sample.manifest(),
              new Program(
                  program.kernels(),
                  segments,
                  program.procedures(),
                  program.rules(),
                  program.marks()),
              withState(sample.memory(), 384),
              sample.files());
      assertThatThrownBy(() -> PlanChecker.check(plan))
          .isInstanceOf(PlanException.class)
          .hasMessageContaining(
              "segment "
                  + segment.name()
                  + ": means: error[KV6006]: expected rows that are dropped in their order");
    }
  }

  private static void assertRefused(Means means, String problem) {
    assertThatThrownBy(() -> PlanChecker.check(plan(means, Optional.empty())))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining("segment layer.1.ring: means: ")
        .hasMessageContaining(problem);
  }
}
