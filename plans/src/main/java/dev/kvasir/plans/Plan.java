package dev.kvasir.plans;

import dev.kvasir.plans.memory.MemoryPlan;
import dev.kvasir.plans.program.Program;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A compiled plan: everything a runtime needs except the model's own weights. Immutable; the byte
 * arrays must not be changed.
 *
 * @param manifest what the plan is
 * @param program what runs when
 * @param memory every buffer and what a session allocates
 * @param files the other entries by name: {@code kernels/...}, {@code checks.safetensors}, {@code
 *     weights.safetensors}, {@code graph.kvir} and kernel text
 */
public record Plan(
    Manifest manifest, Program program, MemoryPlan memory, Map<String, byte[]> files) {

  /** Sorts and copies the entries. */
  public Plan {
    SortedMap<String, byte[]> sorted = new TreeMap<>(files);
    files = Collections.unmodifiableSortedMap(sorted);
  }

  /**
   * Writes the plan to a file, whole or not at all: a file that is already there stays as it is
   * until the new one is complete.
   *
   * @throws PlanException when the path cannot be written
   */
  public void save(Path file) throws PlanException {
    PlanWriter.write(this, file);
  }

  /**
   * {@return the hash that names the plan: the SHA-256 of its {@code manifest.json}, which has the
   * hashes of all other entries}
   *
   * <p>For a file that a newer minor version wrote, {@link PlanReader#sha256} has the hash.
   */
  public String sha256() {
    return PlanFormat.sha256(
        Objects.requireNonNull(PlanWriter.entries(this).get(PlanFormat.MANIFEST)));
  }
}
