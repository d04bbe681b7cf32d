package dev.kvasir.plans;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The plans that this user compiled, by their {@link Plan#sha256 hashes}: kernels of some targets
 * have no bounds checks and run only from such a plan, unless the user says otherwise.
 *
 * <p>They are kept in the user's own data folder, {@code kvasir} in {@code XDG_DATA_HOME} or {@code
 * ~/.local/share}, as {@link HashFile} has it: 1024 of them, and none where others could have
 * written.
 */
public final class TrustedPlans {

  private static final String FILE = "trusted-plans";

  private final Optional<Path> folder;

  private TrustedPlans(Optional<Path> folder) {
    this.folder = folder;
  }

  /** {@return the plans of the user whose process this is} */
  public static TrustedPlans ofUser() {
    return new TrustedPlans(HashFile.folderOfUser("XDG_DATA_HOME", ".local/share"));
  }

  /** {@return the plans that are kept in a folder} */
  public static TrustedPlans in(Path folder) {
    return new TrustedPlans(Optional.of(folder));
  }

  /** {@return whether this user compiled {@code plan}, of which nothing has changed since} */
  public boolean contains(Plan plan) {
    return folder.isPresent() && new HashFile(folder.get(), FILE).contains(plan.sha256());
  }

  /**
   * Keeps a plan.
   *
   * @throws IOException when it cannot be kept: the plan is then not trusted
   */
  public void add(Plan plan) throws IOException {
    if (folder.isEmpty()) {
      throw new IOException("the user has no home folder");
    }
    new HashFile(folder.get(), FILE).add(plan.sha256());
  }
}
