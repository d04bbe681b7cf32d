package dev.kvasir.codegen.emit.tornado;

import dev.kvasir.codegen.emit.tornado.device.Device;
import dev.kvasir.codegen.skeleton.ChooseRows;
import dev.kvasir.codegen.skeleton.ScoreRows;
import dev.kvasir.codegen.skeleton.ScoreShape;
import dev.kvasir.codegen.skeleton.SelectionFixture;
import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelMemory;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Scores and choices on the device. */
final class TornadoSelectionTest {

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);
  private final Device device = Device.of(seed);

  static Stream<Arguments> shapes() {
    ScoreShape.Score maximum = new ScoreShape.Maximum();
    ScoreShape.Score average = new ScoreShape.Average();
    return Stream.of(
        Arguments.of(1, 1, 7, maximum),
        Arguments.of(3, 1, 3, average),
        Arguments.of(8, 8, 1, maximum),
        Arguments.of(1, 3, 1, average),
        Arguments.of(2, 1, 5, new ScoreShape.ByTask()),
        Arguments.of(3, 8, 1, new ScoreShape.ByTask()),
        Arguments.of(1, 1, 1, new ScoreShape.Random(9)),
        Arguments.of(2, 6, 1, new ScoreShape.Random(-3)));
  }

  @ParameterizedTest
  @MethodSource("shapes")
  void scoresAndChooses(int heads, int window, int pool, ScoreShape.Score score) {
    int kept = 100;
    int more = 41;
    ScoreShape shape =
        new ScoreShape(heads, window, pool, score, SelectionFixture.room(kept, more));
    SelectionFixture fixture = new SelectionFixture(random, shape, 2, kept, more, 16);
    Kernel scores = ScoreRows.build("scores_of_rows", shape);
    Map<String, KernelMemory> memories = fixture.toScore();
    memories.keySet().removeIf(name -> !takes(scores, name));
    int[][] dims = fixture.dims(scores, 0);
    new TwinRun(scores)
        .memories(memories)
        .agree("seed %d, %s".formatted(seed, shape), device, dims, fixture.scoreGrid());
    KernelMemory scored = SelectionFixture.get(memories, "scores");
    for (int n : new int[] {0, 3, 30}) {
      int room = fixture.keptRoom(n);
      Kernel choice = ChooseRows.build("choice_of_rows", window, shape.room(), room);
      Map<String, KernelMemory> toChoose = fixture.toChoose(scored, room);
      toChoose.keySet().removeIf(name -> !takes(choice, name));
      new TwinRun(choice)
          .memories(toChoose)
          .agree(
              "seed %d, %s, choose %d".formatted(seed, shape, n),
              device,
              fixture.dims(choice, n),
              fixture.chooseGrid());
      fixture.requireChoice("seed %d, %s".formatted(seed, shape), toChoose, room, n);
    }
  }

  private static boolean takes(Kernel kernel, String name) {
    return kernel.buffers().stream().anyMatch(buffer -> buffer.name().equals(name));
  }
}
