package uk.ac.manchester.tornado.api.math;

/** As on a device, except that a device may round less well. */
public final class TornadoMath {

  private TornadoMath() {}

  public static int min(int left, int right) {
    return Math.min(left, right);
  }

  public static int max(int left, int right) {
    return Math.max(left, right);
  }

  public static float min(float left, float right) {
    return left > right ? right : left;
  }

  public static float max(float left, float right) {
    return left > right ? left : right;
  }

  public static float log(float value) {
    return (float) Math.log(value);
  }

  public static float sqrt(float value) {
    return (float) Math.sqrt(value);
  }
}
