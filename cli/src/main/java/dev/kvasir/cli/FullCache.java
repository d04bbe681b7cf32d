package dev.kvasir.cli;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.runtime.CacheStats;

/** What the cache of a plan's model would take under the policy {@code full}. */
final class FullCache {

  private FullCache() {}

  /** {@return how policy {@code full} stores rows for the target of a plan} */
  static String format(Manifest manifest) {
    return manifest.target().equals(TargetName.TORNADO.toString()) ? "f16" : "bf16";
  }

  /**
   * {@return allocated bytes with every row in 16 bits and {@code tokens} tokens read: for each
   * layer and KV head the pages in use and a table entry of four bytes for each page of the
   * context; comparable to {@link CacheStats#allocatedBytes}}
   */
  static long bytes(Manifest manifest, int tokens) {
    Manifest.ModelReference model = manifest.model();
    long rowBytes = StorageFormat.BF16.bytes(model.keyDim() + model.valueDim());
    long pages = Math.ceilDiv(tokens, manifest.pageRows());
    long slots = Math.ceilDiv(manifest.context(), manifest.pageRows());
    long head = pages * manifest.pageRows() * rowBytes + slots * Integer.BYTES;
    return head * model.layers() * model.kvHeads();
  }
}
