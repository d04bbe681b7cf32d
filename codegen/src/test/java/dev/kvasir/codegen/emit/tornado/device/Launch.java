package dev.kvasir.codegen.emit.tornado.device;

/** One run of a kernel over its grid. */
final class Launch {

  private int epochs;

  int nextEpoch() {
    return epochs++;
  }
}
