package dev.kvasir.cli;

import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.passes.PassEvent;
import dev.kvasir.passes.PassListener;
import dev.kvasir.plans.Plan;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Writes the graph after each pass, and the kernels' text, into a folder. */
final class IrDump implements PassListener {
  private static final String KERNEL_TEXTS = "kernels/text/";
  private static final String KERNELS = "kernels";

  private final Path folder;
  private int files;

  IrDump(Path folder) {
    this.folder = folder;
  }

  /** Writes {@code NN-pass.kvir}; what a failing pass got is there before the failure is told. */
  @Override
  public void afterPass(PassEvent event) {
    write(event.dumpFileName(), event.dumpText().getBytes(StandardCharsets.UTF_8));
  }

  /** Writes {@code kernels/NAME.kernel} for each kernel of the plan. */
  void addKernels(Plan plan) {
    for (Map.Entry<String, byte[]> file : plan.files().entrySet()) {
      if (file.getKey().startsWith(KERNEL_TEXTS)) {
        write(KERNELS + "/" + file.getKey().substring(KERNEL_TEXTS.length()), file.getValue());
      }
    }
  }

  /** {@return how many files were written} */
  int files() {
    return files;
  }

  /** {@return where they are} */
  Path folder() {
    return folder;
  }

  private void write(String name, byte[] content) {
    Path file = folder.resolve(name);
    try {
      Files.createDirectories(file.toAbsolutePath().resolveSibling(""));
      Files.write(file, content);
      files++;
    } catch (IOException e) {
      throw new CommandException(
          Kind.OUTPUT_NOT_WRITABLE,
          file.toString(),
          "the dump cannot be written: " + e,
          "choose another folder with --dump-ir");
    }
  }
}
