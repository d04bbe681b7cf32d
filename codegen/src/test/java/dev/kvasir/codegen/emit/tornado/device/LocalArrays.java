package dev.kvasir.codegen.emit.tornado.device;

/** What replaces the loads and stores of local arrays in a kernel under test. */
public final class LocalArrays {

  private LocalArrays() {}

  public static float load(float[] array, int index) {
    WorkItem.running().checkLocalRead(array, index);
    return array[index];
  }

  public static int load(int[] array, int index) {
    WorkItem.running().checkLocalRead(array, index);
    return array[index];
  }

  public static void store(float[] array, int index, float value) {
    WorkItem.running().checkLocalWrite(array, index);
    array[index] = value;
  }

  public static void store(int[] array, int index, int value) {
    WorkItem.running().checkLocalWrite(array, index);
    array[index] = value;
  }
}
