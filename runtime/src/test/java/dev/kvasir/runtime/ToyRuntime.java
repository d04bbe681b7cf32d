package dev.kvasir.runtime;

import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.toy.ToyModel;
import dev.kvasir.runtime.toy.ToyPlan;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;

/** What tests over the toy model share. */
final class ToyRuntime {

  static final int CONTEXT = 1024;
  static final int SPAN = 150;

  private ToyRuntime() {}

  static Plan plan(Path folder) throws IOException {
    return ToyPlan.of(ToyModel.write(folder.resolve("model")), CONTEXT, SPAN);
  }

  static LoadOptions options(Path folder) {
    return LoadOptions.defaults().cacheFolder(folder.resolve("cache"));
  }

  static LoadedModel load(Path folder, int threads) throws IOException {
    return LoadedModel.load(
        plan(folder), folder.resolve("model"), options(folder).threads(threads));
  }

  /** {@return random tokens, none of which poisons a kernel} */
  static int[] tokens(Random random, int count) {
    return IntStream.generate(() -> random.nextInt(ToyModel.POISON_TOKEN)).limit(count).toArray();
  }

  static int[] joined(int[] first, int... second) {
    int[] all = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, all, first.length, second.length);
    return all;
  }
}
