package dev.kvasir.plans;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Hashes that are kept from one process to the next, in a file of a folder that nobody but its
 * owner can write to. One hash a line, the latest {@value #MAX_HASHES}. A file that holds anything
 * else, is too large, cannot be read, or that others can write to, counts as empty.
 */
public final class HashFile {

  /** Hashes of which the oldest makes room for another. */
  static final int MAX_HASHES = 1024;

  private static final long MAX_BYTES = 1 << 18;
  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");
  private static final String OWNER_ALONE = "rwx------";
  private static final Set<PosixFilePermission> OF_OTHERS =
      Set.of(PosixFilePermission.GROUP_WRITE, PosixFilePermission.OTHERS_WRITE);

  /** Within a process a lock of a file is held once. */
  private static final Object ADDING = new Object();

  private final Path folder;
  private final Path file;

  /**
   * @param folder made when something is added
   * @param name the file in it
   */
  public HashFile(Path folder, String name) {
    this.folder = folder;
    this.file = folder.resolve(name);
  }

  /**
   * {@return Kvasir's folder among the user's own; empty when the user has no home}
   *
   * @param variable the environment variable that says where folders of this kind are, where it
   *     holds an absolute path
   * @param withinHome where else they are
   */
  public static Optional<Path> folderOfUser(String variable, String withinHome) {
    String configured = System.getenv(variable);
    if (configured != null && Path.of(configured).isAbsolute()) {
      return Optional.of(Path.of(configured, "kvasir"));
    }
    String home = System.getProperty("user.home");
    return home == null || home.isBlank()
        ? Optional.empty()
        : Optional.of(Path.of(home, withinHome, "kvasir"));
  }

  /** {@return whether {@code hash} was added} */
  public boolean contains(String hash) {
    return hashes().contains(hash);
  }

  /**
   * Adds a hash.
   *
   * @param hash 64 lower-case hexadecimal digits
   * @throws IOException when it cannot be kept; the file is as it was
   */
  public void add(String hash) throws IOException {
    if (!HASH.matcher(hash).matches()) {
      throw new IllegalArgumentException("no hash: " + hash);
    }
    createFolder();
    if (isOpenToOthers(folder)) {
      throw new IOException(folder + " is a folder that others can write to");
    }
    synchronized (ADDING) {
      Path lock = folder.resolve("." + file.getFileName() + ".lock");
      try (FileChannel channel =
              FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock _ = channel.lock()) {
        List<String> hashes = new ArrayList<>(hashes());
        hashes.remove(hash);
        hashes.add(hash);
        write(hashes.subList(Math.max(0, hashes.size() - MAX_HASHES), hashes.size()));
      }
    }
  }

  private void write(List<String> hashes) throws IOException {
    ByteBuffer lines =
        ByteBuffer.wrap((String.join("\n", hashes) + "\n").getBytes(StandardCharsets.US_ASCII));
    AtomicFile.write(
        file,
        channel -> {
          while (lines.hasRemaining()) {
            channel.write(lines);
          }
        });
  }

  private void createFolder() throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    Path parent = folder.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    try {
      if (isPosix(folder)) {
        Files.createDirectory(
            folder,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(OWNER_ALONE)));
      } else {
        Files.createDirectory(folder);
      }
    } catch (FileAlreadyExistsException e) {
      // Another one may have made it just now; a file of that name stays an error.
      if (!Files.isDirectory(folder)) {
        throw e;
      }
    }
  }

  private List<String> hashes() {
    try {
      if (!Files.isRegularFile(file)
          || Files.size(file) > MAX_BYTES
          || isOpenToOthers(folder)
          || isOpenToOthers(file)) {
        return List.of();
      }
      List<String> lines =
          new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).lines().toList();
      return lines.stream().allMatch(HASH.asMatchPredicate()) ? lines : List.of();
    } catch (IOException e) {
      return List.of();
    }
  }

  private static boolean isPosix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  private static boolean isOpenToOthers(Path path) throws IOException {
    return isPosix(path)
        && Files.getPosixFilePermissions(path).stream().anyMatch(OF_OTHERS::contains);
  }
}
