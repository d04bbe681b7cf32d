package dev.kvasir.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/** Changes the container of a plan: entries, their names and order, headers and directory. */
final class ZipMutator {

  private static final List<String> NAMES =
      List.of(
          "../x",
          "/x",
          "a/../b",
          "a//b",
          ".x",
          "a/.b",
          "a\\b",
          "C:x",
          "",
          "manifest.json",
          "program.json",
          "MANIFEST.JSON",
          "a b",
          "\u00e9",
          "x".repeat(255),
          "x".repeat(256),
          "x".repeat(70_000),
          "kernels/jvm/128/x.class",
          "zzz");

  private final SplittableRandom random;

  ZipMutator(SplittableRandom random) {
    this.random = random;
  }

  /** {@return a file in which entries were moved, renamed, doubled, dropped or exchanged} */
  byte[] mutateEntries(PlanArchive archive) {
    // Half of them with a manifest that agrees, so that the reader looks further.
    List<PlanArchive.Entry> entries = new ArrayList<>(archive.repaired());
    int one = random.nextInt(entries.size());
    int two = random.nextInt(entries.size());
    PlanArchive.Entry entry = entries.get(one);
    switch (random.nextInt(7)) {
      case 0 -> Collections.swap(entries, one, two);
      case 1 -> entries.remove(one);
      case 2 -> entries.add(two, entry);
      case 3 -> entries.set(one, renamed(entry, name()));
      case 4 -> entries.set(one, renamed(entries.get(two), entry.name()));
      case 5 -> {
        return archive.with(name(), entry.content()).toBytes();
      }
      default -> {
        PlanArchive changed = archive;
        List<String> names = archive.names();
        String first = names.get(random.nextInt(names.size()));
        String second = names.get(random.nextInt(names.size()));
        changed = changed.with(first, archive.content(second));
        return changed.with(second, archive.content(first)).toBytes();
      }
    }
    return ZipWriter.write(entries);
  }

  /** {@return a file in which fields of headers or of the directory were changed} */
  byte[] mutateHeaders(PlanArchive archive) {
    List<PlanArchive.Entry> entries = archive.repaired();
    byte[] file = ZipWriter.write(entries);
    List<Integer> headers = new ArrayList<>();
    int at = 0;
    for (PlanArchive.Entry entry : entries) {
      headers.add(at);
      at += ZipWriter.LOCAL_BYTES + nameLength(entry) + entry.content().length;
    }
    for (int i = random.nextInt(1, 3); i > 0; i--) {
      if (random.nextInt(3) > 0) {
        int header = headers.get(random.nextInt(headers.size()));
        change(file, header + random.nextInt(ZipWriter.LOCAL_BYTES));
      } else {
        change(file, random.nextInt(at, file.length));
      }
    }
    return switch (random.nextInt(12)) {
      case 0 -> ByteMutator.splice(file, 0, 0, new byte[] {'P', 'K', 0, 0});
      case 1 -> ByteMutator.splice(file, file.length, file.length, new byte[random.nextInt(1, 99)]);
      case 2 -> ByteMutator.splice(file, at, file.length, new byte[0]);
      default -> file;
    };
  }

  private void change(byte[] file, int at) {
    if (random.nextBoolean()) {
      ByteMutator.putExtreme(file, at, random);
    } else if (at + Integer.BYTES <= file.length) {
      ByteBuffer buffer = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
      buffer.putInt(at, buffer.getInt(at) + random.nextInt(-70, 70));
    }
  }

  private String name() {
    return NAMES.get(random.nextInt(NAMES.size()));
  }

  private static PlanArchive.Entry renamed(PlanArchive.Entry entry, String name) {
    return new PlanArchive.Entry(name, entry.content(), entry.sha256(), entry.crc());
  }

  private static int nameLength(PlanArchive.Entry entry) {
    return entry.name().getBytes(StandardCharsets.UTF_8).length;
  }
}
