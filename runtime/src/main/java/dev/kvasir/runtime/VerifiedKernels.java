package dev.kvasir.runtime;

import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.program.KernelDeclaration;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which kernels gave the right results on this machine, so that a plan is checked once.
 *
 * <p>The file holds one hash a line, over the kernels' declarations, class files and check vectors
 * and over the Java virtual machine, processor and device that ran them. A file that is damaged, or
 * cannot be read or written, remembers nothing: kernels are then checked again.
 */
final class VerifiedKernels {

  private static final String FILE = "verified-kernels";
  private static final Pattern LINE = Pattern.compile("[0-9a-f]{64}");
  private static final long MAX_BYTES = 1 << 18;
  private static final int MAX_LINES = 1024;

  private final Optional<Path> folder;

  /**
   * @param folder where the file lies, empty to remember nothing
   */
  VerifiedKernels(Optional<Path> folder) {
    this.folder = folder;
  }

  /** {@return the user's own cache folder, empty when the user has no home} */
  static Optional<Path> defaultFolder() {
    String configured = System.getenv("XDG_CACHE_HOME");
    if (configured != null && Path.of(configured).isAbsolute()) {
      return Optional.of(Path.of(configured, "kvasir"));
    }
    String home = System.getProperty("user.home");
    return home == null || home.isBlank()
        ? Optional.empty()
        : Optional.of(Path.of(home, ".cache", "kvasir"));
  }

  /**
   * {@return what identifies the kernels of {@code plan} on this machine and device, as hexadecimal
   * digits}
   *
   * @param folder what the names of the entries begin with that are loaded
   * @param fingerprint the device and its driver, or whatever else results may depend on
   */
  static String key(Plan plan, String folder, String fingerprint) {
    MessageDigest digest = sha256();
    add(digest, "kvasir-verified-2");
    add(digest, Runtime.version().toString());
    add(digest, System.getProperty("java.vm.name", "") + System.getProperty("java.vm.version", ""));
    add(digest, System.getProperty("os.arch", ""));
    add(digest, fingerprint);
    add(digest, processor());
    for (KernelDeclaration kernel : plan.program().kernels()) {
      add(digest, kernel.toString());
    }
    plan.files()
        .forEach(
            (name, content) -> {
              if (name.startsWith(folder)) {
                add(digest, name);
                add(digest, content);
              }
            });
    add(digest, plan.files().get(PlanFormat.CHECKS));
    return HexFormat.of().formatHex(digest.digest());
  }

  /** {@return whether {@code key} was remembered} */
  boolean contains(String key) {
    return folder.isPresent() && lines(folder.get().resolve(FILE)).contains(key);
  }

  /** Remembers {@code key} where the folder can be written. */
  void add(String key) {
    if (folder.isEmpty()) {
      return;
    }
    Path file = folder.get().resolve(FILE);
    List<String> lines = new ArrayList<>(lines(file));
    lines.remove(key);
    lines.add(key);
    if (lines.size() > MAX_LINES) {
      lines = lines.subList(lines.size() - MAX_LINES, lines.size());
    }
    try {
      createPrivate(folder.get());
      Path temporary = Files.createTempFile(folder.get(), FILE, ".part");
      try {
        Files.write(temporary, lines);
        Files.move(
            temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException | UnsupportedOperationException e) {
      // Nothing is lost but the time of a check.
      System.getLogger(VerifiedKernels.class.getName())
          .log(System.Logger.Level.DEBUG, "kernels will be checked again: " + e);
    }
  }

  private static void createPrivate(Path folder) throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    Path parent = folder.getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    if (folder.getFileSystem().supportedFileAttributeViews().contains("posix")) {
      Files.createDirectory(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } else {
      Files.createDirectory(folder);
    }
  }

  private static List<String> lines(Path file) {
    try {
      if (!Files.isRegularFile(file) || Files.size(file) > MAX_BYTES) {
        return List.of();
      }
      return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1)
          .lines()
          .filter(line -> LINE.matcher(line).matches())
          .toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  private static String processor() {
    // A home folder may be shared between machines; Java itself does not name the processor.
    try {
      return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
          .filter(line -> line.startsWith("model name") || line.startsWith("flags"))
          .distinct()
          .toList()
          .toString();
    } catch (IOException e) {
      return System.getProperty("os.name", "");
    }
  }

  private static void add(MessageDigest digest, byte @Nullable [] bytes) {
    byte[] content = bytes == null ? new byte[0] : bytes;
    digest.update((content.length + ":").getBytes(StandardCharsets.US_ASCII));
    digest.update(content);
  }

  private static void add(MessageDigest digest, String text) {
    add(digest, text.getBytes(StandardCharsets.UTF_8));
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
