package dev.kvasir.codegen.emit.tornado.device;

import java.lang.reflect.Array;

/** A local array of a work-group; {@code array} is a float[] or an int[]. */
record LocalArray(int number, Object array, Shadow shadow) {

  static LocalArray of(int number, Object array) {
    return new LocalArray(
        number, array, new Shadow("local array " + number, Array.getLength(array)));
  }

  boolean isLike(Object other) {
    return array.getClass() == other.getClass() && Array.getLength(array) == Array.getLength(other);
  }

  float[] floats() {
    return (float[]) array;
  }

  int[] ints() {
    return (int[]) array;
  }
}
