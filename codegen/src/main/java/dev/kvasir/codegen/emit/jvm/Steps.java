package dev.kvasir.codegen.emit.jvm;

import java.lang.classfile.CodeBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;

/** A loop over equal steps. */
record Steps(int from, int to, int step) {

  /** Cuts an extent into whole steps and a rest. */
  static List<Steps> of(int extent, int step) {
    List<Steps> runs = new ArrayList<>();
    int whole = extent / step * step;
    if (whole > 0) {
      runs.add(new Steps(0, whole, step));
    }
    if (whole < extent) {
      runs.add(new Steps(whole, extent, extent - whole));
    }
    return runs;
  }

  /** Writes the loop; {@code body} gets the slot of its variable. */
  void write(CodeBuilder code, IntConsumer body) {
    Emission.loop(code, from, to, step, body);
  }
}
