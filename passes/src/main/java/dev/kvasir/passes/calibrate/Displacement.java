package dev.kvasir.passes.calibrate;

/** How far vectors move. */
public final class Displacement {

  private Displacement() {}

  /** {@return the mean of the squared differences of two vectors of one length} */
  public static double meanSquare(float[] from, float[] to) {
    if (from.length != to.length || from.length == 0) {
      throw new IllegalArgumentException(
          "expected vectors of one length, got %d and %d".formatted(from.length, to.length));
    }
    double sum = 0;
    for (int i = 0; i < from.length; i++) {
      double difference = (double) to[i] - from[i];
      sum += difference * difference;
    }
    return sum / from.length;
  }
}
