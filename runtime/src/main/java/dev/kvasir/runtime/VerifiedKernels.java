package dev.kvasir.runtime;

import dev.kvasir.plans.HashFile;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.program.KernelDeclaration;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Remembers which kernels gave the right results on this machine, so that a plan is checked once.
 *
 * <p>A {@link HashFile} holds hashes over the kernels' declarations, class files and check vectors
 * and over the Java virtual machine, processor and device that ran them. Kernels whose hash it lost
 * are checked again.
 */
final class VerifiedKernels {

  private static final String FILE = "verified-kernels";

  private final Optional<Path> folder;

  /**
   * @param folder where the file lies, empty to remember nothing
   */
  VerifiedKernels(Optional<Path> folder) {
    this.folder = folder;
  }

  /** {@return the user's own cache folder, empty when the user has no home} */
  static Optional<Path> defaultFolder() {
    return HashFile.folderOfUser("XDG_CACHE_HOME", ".cache");
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
    return folder.isPresent() && new HashFile(folder.get(), FILE).contains(key);
  }

  /** Remembers {@code key} where the folder can be written. */
  void add(String key) {
    if (folder.isEmpty()) {
      return;
    }
    try {
      new HashFile(folder.get(), FILE).add(key);
    } catch (IOException e) {
      // Nothing is lost but the time of a check.
      System.getLogger(VerifiedKernels.class.getName())
          .log(System.Logger.Level.DEBUG, "kernels will be checked again: " + e);
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
