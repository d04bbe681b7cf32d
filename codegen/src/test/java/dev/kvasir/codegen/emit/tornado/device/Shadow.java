package dev.kvasir.codegen.emit.tornado.device;

import java.util.Arrays;

/** Who touched each element of an array last, and between which barriers. */
final class Shadow {

  private static final int NOBODY = -1;
  private static final int MANY = -2;

  private final String name;
  private final int[] writer;
  private final int[] writeEpoch;
  private final int[] reader;
  private final int[] readEpoch;

  Shadow(String name, int size) {
    this.name = name;
    writer = new int[size];
    writeEpoch = new int[size];
    reader = new int[size];
    readEpoch = new int[size];
    clear();
  }

  void clear() {
    Arrays.fill(writer, NOBODY);
    Arrays.fill(writeEpoch, NOBODY);
    Arrays.fill(reader, NOBODY);
    Arrays.fill(readEpoch, NOBODY);
  }

  void checkBounds(int index) {
    if (index < 0 || index >= writer.length) {
      throw new DeviceException(
          DeviceException.Fault.BOUNDS,
          "element %d of %s, which has %d".formatted(index, name, writer.length));
    }
  }

  boolean isWritten(int index) {
    return writer[index] != NOBODY;
  }

  /** An access by {@code who} in {@code epoch}; the same epoch of others is concurrent. */
  void read(int index, int who, int epoch) {
    if (writeEpoch[index] == epoch && writer[index] != who) {
      throw race(index, "reads", who, "wrote", writer[index]);
    }
    if (readEpoch[index] != epoch) {
      readEpoch[index] = epoch;
      reader[index] = who;
    } else if (reader[index] != who) {
      reader[index] = MANY;
    }
  }

  /** As {@link #read}. */
  void write(int index, int who, int epoch) {
    if (writeEpoch[index] == epoch && writer[index] != who) {
      throw race(index, "writes", who, "wrote", writer[index]);
    }
    if (readEpoch[index] == epoch && reader[index] != who) {
      throw race(index, "writes", who, "read", reader[index]);
    }
    writer[index] = who;
    writeEpoch[index] = epoch;
  }

  private DeviceException race(int index, String does, int who, String did, int other) {
    return new DeviceException(
        DeviceException.Fault.RACE,
        "%d %s element %d of %s, which %s %s"
            .formatted(who, does, index, name, other == MANY ? "others" : "" + other, did));
  }
}
