package dev.kvasir.plans;

/**
 * What the manifest says about another entry.
 *
 * @param bytes its size
 * @param sha256 hash of its content, 64 lower-case hexadecimal digits
 */
record EntryRecord(String name, long bytes, String sha256) {

  static EntryRecord of(String name, byte[] content) {
    return new EntryRecord(name, content.length, PlanFormat.sha256(content));
  }
}
