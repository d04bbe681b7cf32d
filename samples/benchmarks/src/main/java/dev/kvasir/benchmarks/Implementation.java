package dev.kvasir.benchmarks;

/** Who computes the attention of a benchmark. */
public enum Implementation {
  /** The kernels that a plan would hold. */
  KVASIR("Kvasir"),
  /** {@code GroupQueryAttention} of ONNX Runtime's CPU provider. */
  ONNX_RUNTIME("ONNX Runtime"),
  /** Loops over float arrays, without the Vector API. */
  PLAIN_JAVA("plain Java loop");

  private final String text;

  Implementation(String text) {
    this.text = text;
  }

  /** {@return the name in tables} */
  public String text() {
    return text;
  }
}
