package dev.kvasir.fuzz;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Changes class files: names in the constant pool, references to it, and any byte after it. */
final class ClassMutator {

  private static final int POOL_AT = 10;
  private static final int UTF8 = 1;

  private static final List<String> NAMES =
      List.of(
          "java/lang/Runtime",
          "java/lang/System",
          "java/lang/Thread",
          "java/lang/ClassLoader",
          "java/lang/foreign/Linker",
          "java/lang/foreign/Arena",
          "java/lang/reflect/Method",
          "java/lang/invoke/MethodHandles",
          "jdk/internal/misc/Unsafe",
          "java/io/File",
          "dev/kvasir/runtime/Session",
          "getRuntime",
          "exec",
          "exit",
          "halt",
          "sleep",
          "reinterpret",
          "ofAddress",
          "global",
          "nativeLinker",
          "forName",
          "run",
          "<clinit>",
          "<init>",
          "finalize",
          "Code",
          "ConstantValue",
          "BootstrapMethods",
          "StackMapTable",
          "NestHost",
          "()V",
          "(J)V",
          "(I)V",
          "([B)Z",
          "(J)Ljava/lang/foreign/MemorySegment;",
          "[".repeat(256) + "I",
          "",
          "a;b",
          "x".repeat(70));

  private ClassMutator() {}

  /** {@return a copy of a sound class file with one to three changes} */
  static byte[] mutate(byte[] sound, SplittableRandom random) {
    byte[] mutant = sound.clone();
    int changes = 1 + random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      Pool pool = Pool.of(mutant);
      mutant =
          switch (random.nextInt(6)) {
            case 0 -> rename(mutant, pool, random);
            case 1 -> retarget(mutant, pool, random);
            case 2 -> ByteMutator.mutate(mutant, random);
            default -> after(mutant, pool, random);
          };
    }
    return mutant;
  }

  private static byte[] rename(byte[] bytes, Pool pool, SplittableRandom random) {
    if (pool.texts.isEmpty()) {
      return bytes;
    }
    int at = pool.texts.get(random.nextInt(pool.texts.size()));
    int length = Short.toUnsignedInt(ByteBuffer.wrap(bytes).getShort(at + 1));
    byte[] name;
    if (random.nextInt(3) == 0) {
      int other = pool.texts.get(random.nextInt(pool.texts.size()));
      int otherLength = Short.toUnsignedInt(ByteBuffer.wrap(bytes).getShort(other + 1));
      name = Arrays.copyOfRange(bytes, other + 3, other + 3 + otherLength);
    } else {
      name = NAMES.get(random.nextInt(NAMES.size())).getBytes(StandardCharsets.UTF_8);
    }
    byte[] text = new byte[3 + name.length];
    ByteBuffer.wrap(text).put((byte) UTF8).putShort((short) name.length).put(name);
    return ByteMutator.splice(bytes, at, at + 3 + length, text);
  }

  /** Points a constant at another constant. */
  private static byte[] retarget(byte[] bytes, Pool pool, SplittableRandom random) {
    if (pool.others.isEmpty()) {
      return bytes;
    }
    int at = pool.others.get(random.nextInt(pool.others.size()));
    if (random.nextInt(4) == 0) {
      bytes[at] = (byte) random.nextInt(21);
    } else {
      ByteBuffer.wrap(bytes).putShort(at + 1, (short) random.nextInt(pool.count + 2));
    }
    return bytes;
  }

  /** Changes one or two bytes after the constant pool: flags, tables or code. */
  private static byte[] after(byte[] bytes, Pool pool, SplittableRandom random) {
    if (pool.end >= bytes.length - 2) {
      return bytes;
    }
    int at = random.nextInt(pool.end, bytes.length - 1);
    switch (random.nextInt(5)) {
      case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
      case 1 -> bytes[at] = (byte) random.nextInt(203);
      case 2 -> ByteBuffer.wrap(bytes).putShort(at, (short) random.nextInt(pool.count + 2));
      case 3 -> ByteBuffer.wrap(bytes).putShort(at, (short) random.nextInt(-64, 64));
      default -> ByteMutator.putExtreme(bytes, at, random);
    }
    return bytes;
  }

  /** Where the constants of a class file begin, as far as they can be followed. */
  private static final class Pool {
    private final List<Integer> texts = new ArrayList<>();
    private final List<Integer> others = new ArrayList<>();
    private int count;
    private int end = POOL_AT;

    static Pool of(byte[] bytes) {
      Pool pool = new Pool();
      if (bytes.length > POOL_AT) {
        pool.count = Short.toUnsignedInt(ByteBuffer.wrap(bytes).getShort(POOL_AT - 2));
        pool.walk(bytes);
      }
      return pool;
    }

    private void walk(byte[] bytes) {
      int index = 1;
      while (index < count) {
        if (end + 9 > bytes.length) {
          return;
        }
        int tag = bytes[end];
        int size =
            switch (tag) {
              case UTF8 -> 3 + Short.toUnsignedInt(ByteBuffer.wrap(bytes).getShort(end + 1));
              case 3, 4, 9, 10, 11, 12, 17, 18 -> 5;
              case 5, 6 -> 9;
              case 7, 8, 16, 19, 20 -> 3;
              case 15 -> 4;
              default -> 0;
            };
        if (size == 0 || end + size > bytes.length) {
          return;
        }
        (tag == UTF8 ? texts : others).add(end);
        end += size;
        // Long and double constants take two places in the numbering.
        index += size == 9 ? 2 : 1;
      }
    }
  }
}
