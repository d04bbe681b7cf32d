package dev.kvasir.codegen.assemble;

import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.codegen.skeleton.CandidateRoom;
import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.graph.Node;
import dev.kvasir.ir.graph.Value;
import dev.kvasir.ir.graph.ops.KeepRowsOp;
import dev.kvasir.ir.graph.ops.MergeRowsOp;
import dev.kvasir.ir.graph.ops.SelectRowsOp;
import dev.kvasir.ir.type.CacheType;
import dev.kvasir.ir.type.HeadGroup;
import dev.kvasir.ir.type.Selection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Which lists of chosen rows a session holds, and which layers share one. */
final class SelectionLists {

  /** Name of the i32 buffer that holds the true positions of chosen rows, list after list. */
  static final String POSITIONS = "kept_positions";

  /**
   * Name of the i32 buffer that holds how many rows each list has, and behind them, for each list
   * and pair of layers that merge its rows, how many of them keep their originals.
   */
  static final String COUNTS = "kept_counts";

  /**
   * The lists of a layer.
   *
   * @param leader the layer that chooses
   * @param selection how
   * @param first its first list
   * @param lists how many it has
   * @param stride lists from one head to the next: 0 where heads share one
   */
  record Place(int leader, Selection selection, int first, int lists, int stride) {

    /** {@return a name for what belongs to the lists} */
    String label() {
      return "layer." + leader;
    }
  }

  private final Map<Value, Place> places = new HashMap<>();
  private final Map<Integer, Place> layers = new HashMap<>();
  private final Map<Integer, Integer> retained = new HashMap<>();
  private final Map<Value, Node> last = new HashMap<>();
  private int lists;
  private int retainedLists;
  private int mostLists;
  private int mostHeads;
  private int mostRows;
  private int mostTail;

  /** Reads the nodes of a graph. */
  SelectionLists(List<Node> nodes, int context) {
    for (Node node : nodes) {
      if (node.op() instanceof SelectRowsOp op) {
        places.put(
            node.result(),
            new Place(
                op.cacheType().layer(),
                op.selection(),
                lists,
                op.lists(),
                op.selection().perHead() ? 1 : 0));
        lists += op.lists();
        mostLists = Math.max(mostLists, op.lists());
        mostTail = Math.max(mostTail, op.selection().tail());
      } else if (node.op() instanceof KeepRowsOp op) {
        keep(op.choice(), node, op.cacheType().layer(), op.group(), context);
      } else if (node.op() instanceof MergeRowsOp op && op.choice().isPresent()) {
        Value choice = op.choice().get();
        for (CacheType cache : List.of(op.lowerType(), op.upperType())) {
          keep(choice, node, cache.layer(), op.group(), context);
          retained.put(cache.layer(), retainedLists);
        }
        retainedLists += place(choice).lists();
      }
    }
  }

  private void keep(Value choice, Node node, int layer, HeadGroup group, int context) {
    layers.put(layer, place(choice));
    last.put(choice, node);
    mostHeads = Math.max(mostHeads, group.heads().size());
    mostRows = Math.max(mostRows, group.budget().most(context));
  }

  /** {@return whether any layer selects} */
  boolean isUsed() {
    return lists > 0;
  }

  /** {@return the lists of a choice} */
  Place place(Value choice) {
    Place place = places.get(choice);
    if (place == null) {
      throw new CompilerBug("rows are kept by a choice that nothing made: " + choice);
    }
    return place;
  }

  /** {@return the lists of a layer that keeps chosen rows} */
  Place place(int layer) {
    Place place = layers.get(layer);
    if (place == null) {
      throw new CompilerBug("nothing chooses the rows that layer " + layer + " keeps");
    }
    return place;
  }

  /** {@return whether no layer behind a node keeps rows by that choice} */
  boolean isLast(Value choice, Node node) {
    return node.equals(last.get(choice));
  }

  /** {@return how many lists there are} */
  int lists() {
    return lists;
  }

  /** {@return how many counts there are} */
  int counts() {
    return lists + retainedLists;
  }

  /**
   * {@return which count is the first of those that say how many rows of its lists a layer retains}
   */
  int retained(int layer) {
    Integer first = retained.get(layer);
    if (first == null) {
      throw new CompilerBug("layer " + layer + " retains no chosen rows");
    }
    return lists + first;
  }

  /** {@return the lists of the selection that has the most} */
  int mostLists() {
    return mostLists;
  }

  /** {@return the heads of the layer that selects for the most} */
  int mostHeads() {
    return mostHeads;
  }

  /** {@return elements of a list of chosen rows: whole pages} */
  int listRoom() {
    return pages(mostRows);
  }

  /**
   * {@return how lists over candidates lie}
   *
   * @param span most rows of a span
   */
  CandidateRoom room(int span) {
    return CandidateRoom.of(Math.addExact(mostRows, Math.addExact(mostTail, span)));
  }

  private static int pages(int rows) {
    return Math.ceilDiv(rows, SegmentPart.PAGE_ROWS) * SegmentPart.PAGE_ROWS;
  }
}
