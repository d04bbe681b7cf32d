package dev.kvasir.cli;

import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The verb {@code completion}: a script that lets a shell complete verbs, options and values. */
@Command(
    name = "completion",
    mixinStandardHelpOptions = true,
    header = "Prints a script that lets your shell complete the command.",
    description = {
      "bash: add  source <(kvasir completion bash)  to ~/.bashrc",
      "zsh: add  source <(kvasir completion zsh)  to ~/.zshrc"
    })
final class CompletionCommand implements Callable<Integer> {

  /** Shells that a script can be made for. */
  enum Shell {
    BASH,
    ZSH;

    /** {@return the name on the command line} */
    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Reads the name of a shell, and lists these for help and completion. */
  static final class Shells extends NameConverter<Shell> {
    Shells() {
      super(Shell.values());
    }
  }

  // A shell that has not set up its own completion yet knows no `complete`, which the script calls.
  private static final String ZSH_PRELUDE =
      """
      if ! whence compdef >/dev/null; then
        autoload -Uz compinit && compinit
      fi
      """;

  private final Console console;

  // picocli sets it before anything of this is called.
  @SuppressWarnings("NullAway.Init")
  @Spec
  private CommandSpec spec;

  @Parameters(
      paramLabel = "SHELL",
      arity = "0..1",
      converter = Shells.class,
      completionCandidates = Shells.class,
      description = "One of ${COMPLETION-CANDIDATES}. Default: bash.")
  private Shell shell = Shell.BASH;

  @Mixin private final CommonOptions common = new CommonOptions();

  CompletionCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    CommandLine command = spec.root().commandLine();
    String script = AutoComplete.bash(command.getCommandName(), command);
    String text =
        switch (shell) {
          case BASH -> script;
          case ZSH -> ZSH_PRELUDE + script;
        };
    if (common.json()) {
      Json.print(console, Json.object().put("shell", shell.toString()).put("script", text));
    } else {
      console.out().print(text);
    }
    return ExitCodes.OK;
  }
}
