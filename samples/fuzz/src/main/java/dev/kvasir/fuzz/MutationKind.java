package dev.kvasir.fuzz;

/** What a mutant differs in from the sound file that it was made from. */
enum MutationKind {
  /** Any bytes of the plan file. */
  PLAN_BYTES,
  /** Fields of the zip's headers and directory. */
  ZIP_HEADERS,
  /** Names, order and number of the zip's entries. */
  ZIP_ENTRIES,
  /** Bytes of one entry, its size and hash repaired. */
  ENTRY_BYTES,
  /** Values of {@code manifest.json}. */
  MANIFEST,
  /** Values of {@code program.json}. */
  PROGRAM,
  /** Values of {@code memory.json}. */
  MEMORY,
  /** Texts of expressions in {@code program.json} and {@code memory.json}. */
  EXPRESSIONS,
  /** The class file of a kernel. */
  CLASS_FILE,
  /** Header or elements of {@code checks.safetensors} or {@code weights.safetensors}. */
  PLAN_TENSORS,
  /** Values of {@code config.json}. */
  CONFIG,
  /** The header of {@code model.safetensors}. */
  MODEL_HEADER,
  /** Any bytes of {@code model.safetensors} or {@code config.json}. */
  MODEL_BYTES,
  /** The index of a model in two files, or one of its files. */
  MODEL_INDEX
}
