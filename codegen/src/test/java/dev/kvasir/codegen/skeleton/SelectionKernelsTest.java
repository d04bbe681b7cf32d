package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.codegen.emit.jvm.JvmKernelRunner;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelInterpreter;
import dev.kvasir.ir.kernel.KernelMemory;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.plans.abi.JvmKernelAbi;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Scores and choices, interpreted and lowered, against the definition of a selection. */
class SelectionKernelsTest {

  private static final ScoreShape.Score MAXIMUM = new ScoreShape.Maximum();
  private static final ScoreShape.Score AVERAGE = new ScoreShape.Average();

  private static final List<ScoreShape.Score> SCORES =
      List.of(MAXIMUM, AVERAGE, new ScoreShape.ByTask(), new ScoreShape.ByTask());

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);

  private static ScoreShape shape(
      int heads, int window, int pool, ScoreShape.Score score, int kept, int more) {
    return new ScoreShape(heads, window, pool, score, SelectionFixture.room(kept, more));
  }

  private SelectionFixture fixture(ScoreShape shape, int lists, int kept, int more, int observe) {
    return new SelectionFixture(random, shape, lists, kept, more, observe);
  }

  private void scores(ScoreShape shape, SelectionFixture fixture) {
    Kernel kernel = ScoreRows.build("scores_of_rows", shape);
    int[][] dims = fixture.dims(kernel, 0);
    Map<String, KernelMemory> interpreted = fixture.toScore();
    KernelInterpreter.run(kernel, interpreted, dims, fixture.scoreGrid());
    String description = "seed %d, %s".formatted(seed, shape);
    fixture.requireScores(description, SelectionFixture.get(interpreted, "scores"));
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      Map<String, KernelMemory> memories = fixture.toScore();
      JvmKernelRunner.run(kernel, bits, memories, dims, fixture.scoreGrid());
      fixture.requireScores(
          description + ", bits " + bits, SelectionFixture.get(memories, "scores"));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1, 3, 0, 1, 1",
    "1, 1, 1, 13, 0, 5",
    "7, 1, 2, 63, 1, 1",
    "7, 3, 1, 64, 40, 32",
    "127, 2, 2, 65, 142, 1",
    "13, 12, 1, 150, 57, 8",
    "5, 11, 1, 20, 44, 64"
  })
  void scoresRows(int pool, int heads, int lists, int kept, int more, int observe) {
    for (ScoreShape.Score score : SCORES) {
      ScoreShape shape = shape(heads, 1, pool, score, kept, more);
      scores(shape, fixture(shape, lists, kept, more, observe));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "2, 1, 3, 0, 1, 1",
    "8, 1, 2, 13, 51, 5",
    "8, 8, 1, 64, 1, 1",
    "3, 3, 1, 65, 100, 32",
    "64, 2, 2, 65, 142, 1",
    "8, 1, 1, 3, 9, 12"
  })
  void scoresWindows(int window, int heads, int lists, int kept, int more, int observe) {
    for (ScoreShape.Score score : SCORES) {
      ScoreShape shape = shape(heads, window, 1, score, kept, more);
      scores(shape, fixture(shape, lists, kept, more, observe));
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 0", "1, -7", "8, 123456789", "5, 40"})
  void scoresAtRandom(int window, int policySeed) {
    ScoreShape shape = shape(1, window, 1, new ScoreShape.Random(policySeed), 70, 60);
    scores(shape, fixture(shape, 2, 70, 60, 4));
  }

  private void choices(ScoreShape shape, SelectionFixture fixture, KernelMemory scores, int n) {
    int room = fixture.keptRoom(n);
    Kernel kernel = ChooseRows.build("choice_of_rows", shape.window(), shape.room(), room);
    int[][] dims = fixture.dims(kernel, n);
    Map<String, KernelMemory> interpreted = fixture.toChoose(scores, room);
    KernelInterpreter.run(kernel, interpreted, dims, fixture.chooseGrid());
    String description = "seed %d, %s, choose %d".formatted(seed, shape, n);
    fixture.requireChoice(description, interpreted, room, n);
    for (int bits : JvmKernelAbi.VECTOR_BITS) {
      Map<String, KernelMemory> memories = fixture.toChoose(scores, room);
      JvmKernelRunner.run(kernel, bits, memories, dims, fixture.chooseGrid());
      fixture.requireChoice(description + ", bits " + bits, memories, room, n);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 3, 0, 1, 1",
    "1, 2, 13, 0, 5",
    "1, 1, 200, 63, 32",
    "8, 3, 64, 65, 32",
    "3, 2, 128, 0, 1",
    "5, 1, 129, 78, 16",
    "64, 2, 150, 57, 40"
  })
  void chooses(int window, int lists, int kept, int more, int observe) {
    ScoreShape shape = shape(2, window, 1, AVERAGE, kept, more);
    for (int n : new int[] {0, 1, 2, 5, 17, 1000}) {
      SelectionFixture fixture = fixture(shape, lists, kept, more, observe);
      Map<String, KernelMemory> memories = fixture.toScore();
      Kernel kernel = ScoreRows.build("scores_of_rows", shape);
      KernelInterpreter.run(kernel, memories, fixture.dims(kernel, 0), fixture.scoreGrid());
      choices(shape, fixture, SelectionFixture.get(memories, "scores"), n);
    }
  }

  /** Scores of any size, neighbours in bits among them. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 20, 77, 78})
  void choosesExactly(int n) {
    int kept = 100;
    ScoreShape shape = shape(1, 1, 1, MAXIMUM, kept, 30);
    float[] some = {
      0,
      Float.MIN_NORMAL,
      Math.nextUp(Float.MIN_NORMAL),
      0x1p-24f,
      1,
      Math.nextUp(1f),
      Math.nextDown(1f),
      3,
      1e30f,
      Float.MAX_VALUE,
      Math.nextDown(Float.MAX_VALUE)
    };
    KernelMemory scores = KernelMemory.uninitialised(ElementFormat.F32, 3L * shape.room());
    for (int i = 0; i < scores.size(); i++) {
      scores.setFloat(i, some[random.nextInt(some.length)]);
    }
    choices(shape, fixture(shape, 3, kept, 30, 8), scores, n);
  }

  @Test
  void refusesWhatGuardsDoNotAllow() {
    assertThatThrownBy(() -> new ScoreShape(1, 65, 1, MAXIMUM, 256))
        .hasMessage("a window has 1 to 64 rows, got 65");
    assertThatThrownBy(() -> new ScoreShape(1, 1, 6, MAXIMUM, 256))
        .hasMessage("a pool is odd and below 128, got 6");
    assertThatThrownBy(() -> new ScoreShape(1, 1, 129, MAXIMUM, 256))
        .hasMessage("a pool is odd and below 128, got 129");
    assertThatThrownBy(() -> new ScoreShape(1, 8, 3, MAXIMUM, 256))
        .hasMessage("rows are pooled or kept in windows, not both");
    assertThatThrownBy(() -> new ScoreShape(0, 1, 1, MAXIMUM, 256))
        .hasMessage("a list sums at least 1 head, got 0");
    assertThatThrownBy(() -> new ScoreShape(1, 1, 1, MAXIMUM, 128))
        .hasMessageStartingWith("a row has two guards of 64");
    assertThat(CandidateRoom.of(65).elements()).isEqualTo(256);
  }
}
