package dev.kvasir.plans;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.zip.CRC32;

/**
 * The one zip layout of a plan: entries stored without compression, no extra fields, no comments,
 * times at the start of 1980. Given the entries there is exactly one sequence of bytes, so that a
 * reader can require it and a change of any byte shows.
 */
final class ZipLayout {

  /** Bytes of a local header before the name. */
  static final int LOCAL_BYTES = 30;

  /** First four bytes of a local header, as a little-endian integer. */
  static final int LOCAL_SIGNATURE = 0x04034b50;

  private static final int CENTRAL_BYTES = 46;
  private static final int CENTRAL_SIGNATURE = 0x02014b50;
  private static final int END_BYTES = 22;
  private static final int END_SIGNATURE = 0x06054b50;

  private static final int CRC_AT = 14;
  private static final int SIZE_AT = 22;
  private static final int NAME_LENGTH_AT = 26;

  // Version 1.0 suffices to extract; made on Unix, so that the file mode below is used.
  private static final short VERSION_NEEDED = 10;
  private static final short VERSION_MADE_BY = 3 << 8 | 10;
  private static final short FIRST_OF_JANUARY_1980 = 0x21;
  private static final int REGULAR_FILE_0644 = 0100644 << 16;

  /**
   * An entry as the zip's directories describe it.
   *
   * @param offset where its local header begins
   */
  record Described(String name, int crc, int size, long offset) {

    static Described of(String name, byte[] content, long offset) {
      return new Described(name, ZipLayout.crc(content), content.length, offset);
    }

    /** {@return where the next header begins} */
    long end() {
      return offset + LOCAL_BYTES + name.length() + size;
    }
  }

  private ZipLayout() {}

  /** {@return the local header, which the content follows} */
  static byte[] localHeader(Described entry) {
    byte[] bytes = new byte[LOCAL_BYTES + entry.name().length()];
    ByteBuffer header = littleEndian(bytes);
    header.putInt(LOCAL_SIGNATURE);
    putDescription(header, entry);
    header.put(PlanFormat.nameBytes(entry.name()));
    return bytes;
  }

  /** {@return the central directory and the end record of a file with these entries in order} */
  static byte[] directory(List<Described> entries) {
    int names = entries.stream().mapToInt(entry -> entry.name().length()).sum();
    int directoryBytes = entries.size() * CENTRAL_BYTES + names;
    byte[] bytes = new byte[directoryBytes + END_BYTES];
    ByteBuffer directory = littleEndian(bytes);
    for (Described entry : entries) {
      directory.putInt(CENTRAL_SIGNATURE);
      directory.putShort(VERSION_MADE_BY);
      putDescription(directory, entry);
      directory.putShort((short) 0); // comment length
      directory.putShort((short) 0); // disk
      directory.putShort((short) 0); // internal attributes
      directory.putInt(REGULAR_FILE_0644);
      directory.putInt((int) entry.offset());
      directory.put(PlanFormat.nameBytes(entry.name()));
    }
    directory.putInt(END_SIGNATURE);
    directory.putShort((short) 0); // this disk
    directory.putShort((short) 0); // disk of the directory
    directory.putShort((short) entries.size());
    directory.putShort((short) entries.size());
    directory.putInt(directoryBytes);
    directory.putInt((int) (entries.isEmpty() ? 0 : entries.getLast().end()));
    directory.putShort((short) 0); // comment length
    return bytes;
  }

  /** {@return the checksum that a local header claims} */
  static int claimedCrc(byte[] header) {
    return littleEndian(header).getInt(CRC_AT);
  }

  /** {@return the content's size that a local header claims} */
  static long claimedSize(byte[] header) {
    return Integer.toUnsignedLong(littleEndian(header).getInt(SIZE_AT));
  }

  /** {@return the length of the name that a local header claims} */
  static int claimedNameLength(byte[] header) {
    return Short.toUnsignedInt(littleEndian(header).getShort(NAME_LENGTH_AT));
  }

  /** {@return the first four bytes} */
  static int signature(byte[] header) {
    return littleEndian(header).getInt(0);
  }

  /** {@return the checksum of a zip entry} */
  static int crc(byte[] content) {
    CRC32 crc = new CRC32();
    crc.update(content);
    return (int) crc.getValue();
  }

  // The fields that a local header and a directory record share, in the same order.
  private static void putDescription(ByteBuffer header, Described entry) {
    header.putShort(VERSION_NEEDED);
    header.putShort((short) 0); // flags
    header.putShort((short) 0); // method: stored
    header.putShort((short) 0); // time
    header.putShort(FIRST_OF_JANUARY_1980);
    header.putInt(entry.crc());
    header.putInt(entry.size()); // compressed
    header.putInt(entry.size());
    header.putShort((short) entry.name().length());
    header.putShort((short) 0); // extra length
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
