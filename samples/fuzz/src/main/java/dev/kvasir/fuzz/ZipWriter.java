package dev.kvasir.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Writes zip files in the one form that plans have. */
final class ZipWriter {

  /** Bytes of a local header before the name. */
  static final int LOCAL_BYTES = 30;

  /** Bytes of a record of the directory before the name. */
  static final int CENTRAL_BYTES = 46;

  /** Bytes of the record at the end. */
  static final int END_BYTES = 22;

  private ZipWriter() {}

  /** {@return a file of these entries in this order} */
  static byte[] write(List<PlanArchive.Entry> entries) {
    int names = 0;
    int contents = 0;
    for (PlanArchive.Entry entry : entries) {
      names += name(entry).length;
      contents += entry.content().length;
    }
    int headers = entries.size() * (LOCAL_BYTES + CENTRAL_BYTES) + END_BYTES;
    ByteBuffer file = ByteBuffer.allocate(headers + 2 * names + contents);
    file.order(ByteOrder.LITTLE_ENDIAN);
    List<Integer> offsets = new ArrayList<>();
    for (PlanArchive.Entry entry : entries) {
      offsets.add(file.position());
      file.putInt(0x04034b50);
      describe(file, entry);
      file.put(name(entry)).put(entry.content());
    }
    int directory = file.position();
    for (int i = 0; i < entries.size(); i++) {
      file.putInt(0x02014b50).putShort((short) (3 << 8 | 10));
      describe(file, entries.get(i));
      file.putShort((short) 0).putShort((short) 0).putShort((short) 0);
      file.putInt(0100644 << 16).putInt(offsets.get(i)).put(name(entries.get(i)));
    }
    int end = file.position();
    file.putInt(0x06054b50).putInt(0);
    file.putShort((short) entries.size()).putShort((short) entries.size());
    file.putInt(end - directory).putInt(directory).putShort((short) 0);
    return file.array();
  }

  private static void describe(ByteBuffer file, PlanArchive.Entry entry) {
    int size = entry.content().length;
    file.putShort((short) 10).putShort((short) 0).putShort((short) 0);
    file.putShort((short) 0).putShort((short) 0x21);
    file.putInt(entry.crc()).putInt(size).putInt(size);
    file.putShort((short) name(entry).length).putShort((short) 0);
  }

  private static byte[] name(PlanArchive.Entry entry) {
    return entry.name().getBytes(StandardCharsets.UTF_8);
  }
}
