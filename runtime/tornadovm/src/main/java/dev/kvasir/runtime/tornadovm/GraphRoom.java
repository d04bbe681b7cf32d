package dev.kvasir.runtime.tornadovm;

import dev.kvasir.plans.Plan;
import uk.ac.manchester.tornado.runtime.graph.TornadoVMBytecodeBuilder;

/** How many launches fit into one of TornadoVM's task graphs. */
final class GraphRoom {

  // TornadoVM compiles the tasks of a graph one after the other, and holds a table of 256.
  private static final int MOST_LAUNCHES = 48;

  private static final String PROPERTY = "tornado.tvm.maxbytecodesize";
  private static final int WANTED_BYTES = 1 << 16;

  /** What TornadoVM writes for a task, for an argument of it, and beside all tasks. */
  private static final int TASK_BYTES = 48;

  private static final int ARGUMENT_BYTES = 40;
  private static final int OTHER_BYTES = 256;

  /** Arguments of each kernel that no declaration names: context, launches and place. */
  private static final int HIDDEN_ARGUMENTS = 3;

  static {
    // Read when the class below is loaded: room for more than a quarter of a layer.
    if (System.getProperty(PROPERTY) == null) {
      System.setProperty(PROPERTY, Integer.toString(WANTED_BYTES));
    }
  }

  private GraphRoom() {}

  /** {@return the most launches of a plan's kernels in one graph} */
  static int launches(Plan plan) {
    int arguments =
        plan.program().kernels().stream()
            .mapToInt(kernel -> kernel.arguments().size())
            .max()
            .orElse(0);
    int bytes = TASK_BYTES + (arguments + HIDDEN_ARGUMENTS) * ARGUMENT_BYTES;
    int room = TornadoVMBytecodeBuilder.MAX_TORNADO_VM_BYTECODE_SIZE - OTHER_BYTES;
    return Math.clamp(room / bytes, 1, MOST_LAUNCHES);
  }
}
