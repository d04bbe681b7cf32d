package dev.kvasir.cli;

import dev.kvasir.cli.CommandException.Kind;
import dev.kvasir.plans.AtomicFile;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.Prompt;
import dev.kvasir.runtime.Session;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The verb {@code trace}: writes what happened in a run as tensors. */
@Command(
    name = "trace",
    mixinStandardHelpOptions = true,
    header = "Writes what happens in a run to a safetensors file.",
    description = {
      "Steps are numbered over the spans of the prompt and then the generated tokens. The last span"
          + " yields the first token, so there are N - 1 more steps; the last token is not read.",
      "Per layer L and step T: layer.L.step.T.{q,k,v,q_pre,k_pre,out} [heads, rows, dim], .lse"
          + " [heads, rows], .position [rows]; where rows were chosen in the step, .kept [kv heads,"
          + " rows], their true positions. Per segment S of layer L at the end:"
          + " layer.L.cache.S.{k,v} [heads, rows, dim], .heads [heads], .position [heads, rows],"
          + " .bytes [1]. Once: tokens, the prompt's and the generated ones."
    })
final class TraceCommand implements Callable<Integer>, Failures.Placed, TornadoVerb {
  private final Console console;

  @Mixin private final PlanOptions plan = new PlanOptions();
  @Mixin private final PromptOptions prompt = new PromptOptions();
  @Mixin private final TaskOption task = new TaskOption();

  @Option(
      names = {"-n", "--max-tokens"},
      paramLabel = "N",
      converter = PositiveInteger.class,
      description = "Tokens to generate, always the most likely one. Default: ${DEFAULT-VALUE}.")
  private int count = 1;

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE",
      description = "The safetensors file to write.")
  private Path output = Path.of("");

  @Mixin private final CommonOptions common = new CommonOptions();

  TraceCommand(Console console) {
    this.console = console;
  }

  @Override
  public String place() {
    return plan.file().toString();
  }

  @Override
  public Use tornado() throws IOException {
    return plan.tornado();
  }

  @Override
  public String tornadoPlace() {
    return place();
  }

  @Override
  public Integer call() throws IOException {
    Prompt text = prompt.prompt();
    TraceRecorder recorder;
    try (LoadedModel model = plan.load();
        Session session = model.newSession(task.sessionOptions())) {
      recorder = new TraceRecorder(model.plan());
      session.observe(recorder);
      trace(session, prompt.encode(text, model), recorder);
      session.stopObserving();
      recorder.addCache(session.segments());
    }
    write(recorder);
    print(recorder);
    return ExitCodes.OK;
  }

  private void trace(Session session, int[] tokens, TraceRecorder recorder) {
    int[] all = Arrays.copyOf(tokens, tokens.length + count);
    try (Progress progress = Progress.begin(console, "trace", tokens.length + count - 1L)) {
      recorder.beginStep(0);
      session.append(
          Prompt.ofTokens(tokens),
          rows -> {
            progress.advance(rows);
            if (session.position() < tokens.length) {
              recorder.beginStep(recorder.steps());
            }
          });
      int steps = recorder.steps();
      recorder.prompt(tokens.length, steps, session.settings());
      all[tokens.length] = session.greedyToken();
      for (int i = tokens.length; i < all.length - 1; i++) {
        recorder.beginStep(steps++);
        session.step(all[i]);
        all[i + 1] = session.greedyToken();
        progress.advance(1);
      }
    }
    recorder.addTokens(all);
  }

  private void write(TraceRecorder recorder) {
    try {
      AtomicFile.write(output, recorder.writer()::writeTo);
    } catch (IOException e) {
      throw new CommandException(
          Kind.OUTPUT_NOT_WRITABLE,
          output.toString(),
          "the trace cannot be written: " + e.getMessage(),
          "choose another path with -o");
    }
  }

  private void print(TraceRecorder recorder) throws IOException {
    long bytes = Files.size(output);
    if (common.json()) {
      Json.print(
          console,
          Json.object()
              .put("file", output.toString())
              .put("fileBytes", bytes)
              .put("tensors", recorder.tensors())
              .put("prefillSteps", recorder.prefillSteps())
              .put("steps", recorder.steps()));
      return;
    }
    new Labelled(console.out(), 9)
        .line(
            "wrote",
            "%s  (%s in %s, %s)"
                .formatted(
                    output,
                    Texts.count(recorder.tensors(), "tensor"),
                    Texts.count(recorder.steps(), "step"),
                    Texts.bytes(bytes)));
  }
}
