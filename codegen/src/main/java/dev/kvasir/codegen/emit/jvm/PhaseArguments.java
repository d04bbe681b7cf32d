package dev.kvasir.codegen.emit.jvm;

import static dev.kvasir.codegen.emit.jvm.Descriptors.*;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import dev.kvasir.ir.kernel.View;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The parameters of one phase method: both tile arrays, then what the statement needs, in the order
 * it was asked for. The entry method pushes them, the phase finds them in local slots.
 */
final class PhaseArguments {

  /** Slot of the f32 working storage. */
  static final int FLOATS = 0;

  /** Slot of the i32 working storage. */
  static final int INTS = 1;

  /** What the entry method must push. */
  sealed interface Argument {
    /** A buffer. */
    record Segment(String buffer) implements Argument {}

    /**
     * Place of a view's first element; for tiled layouts, of the tile whose first column is given.
     */
    record Origin(View view, int firstColumn) implements Argument {}

    /** Place of a tile in its working storage. */
    record Place(int offset) implements Argument {}
  }

  private final Map<Argument, Integer> slots = new LinkedHashMap<>();
  private int next = 2;

  int segment(String buffer) {
    return slot(new Argument.Segment(buffer), 1);
  }

  int origin(View view, int firstColumn) {
    return slot(new Argument.Origin(view, firstColumn), 2);
  }

  int place(int offset) {
    return slot(new Argument.Place(offset), 1);
  }

  private int slot(Argument argument, int width) {
    Integer known = slots.get(argument);
    if (known != null) {
      return known;
    }
    int slot = next;
    slots.put(argument, slot);
    next += width;
    return slot;
  }

  List<Argument> inOrder() {
    return new ArrayList<>(slots.keySet());
  }

  MethodTypeDesc type() {
    List<ClassDesc> parameters = new ArrayList<>();
    parameters.add(FLOAT_ARRAY);
    parameters.add(INT_ARRAY);
    for (Argument argument : slots.keySet()) {
      parameters.add(
          switch (argument) {
            case Argument.Segment _ -> SEGMENT;
            case Argument.Origin _ -> CD_long;
            case Argument.Place _ -> CD_int;
          });
    }
    return MethodTypeDesc.of(CD_void, parameters);
  }
}
