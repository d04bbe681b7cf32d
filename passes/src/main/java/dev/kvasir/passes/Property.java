package dev.kvasir.passes;

/** A fact that holds for a graph from some pass on. */
public enum Property {
  /** The graph computes what the model's configuration says. */
  MODEL_BUILT,
  /** Each KV head is in the group that the policy gives it. */
  HEADS_GROUPED,
  /** Layers whose rows the policy selects choose and keep them. */
  ROWS_SELECTED,
  /** Layers whose rows the policy folds fold them. */
  ROWS_FOLDED,
  /** Layers that the policy merges share rows with their partners. */
  LAYERS_MERGED,
  /** Each segment has the element format that the policy gives it. */
  STORAGE_ASSIGNED,
  /** Each segment has the packing that the policy gives it. */
  PAGES_PACKED,
  /** Operations that become one kernel are one operation. */
  OPS_FUSED,
  /** Every operation contributes to a result. */
  NO_DEAD_OPS
}
