package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.TokenizerFile;
import dev.kvasir.runtime.toy.ToyModel;
import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which tokenizer a plan gets, and what a session makes of it. */
class TokenizersTest {

  @TempDir private Path folder;

  @Test
  void aPlanRunsWithTheTokenizerFileThatItWasCompiledWith() throws IOException {
    Plan bytes = ToyRuntime.plan(folder);
    TokenizerFile file = TokenizerJson.write(folder.resolve("model"), TokenizerJson.byteLevel());
    Plan plan = with(bytes, Manifest.TokenizerFacts.huggingFace(file.sha256()));
    Tokenizer tokenizer;
    try (LoadedModel model = load(plan);
        LoadedModel same = load(bytes);
        Session session = model.newSession();
        Session expected = same.newSession()) {
      tokenizer = model.tokenizer();
      // The toy vocabulary ends at 255: letters alone, and no token that begins a text.
      session.append(Prompt.ofTokens('x'));
      expected.append(Prompt.ofTokens('x'));
      Sampling sampling = Sampling.greedy().maxTokens(40);
      Generation generation = session.generate(Prompt.of("yz"), sampling, token -> {});
      assertThat(generation)
          .usingRecursiveComparison()
          .ignoringFields("timings")
          .isEqualTo(expected.generate(Prompt.of("yz"), sampling, token -> {}));
      assertThat(generation.tokens()).isNotEmpty();
      try (Session fresh = model.newSession()) {
        assertThatThrownBy(() -> fresh.append(Prompt.of("begins")))
            .hasMessageContaining("token ids run from 0 to 255, got " + TokenizerJson.BEGIN);
      }
    }
    assertThatThrownBy(() -> tokenizer.encode("a"))
        .isInstanceOfSatisfying(
            KvasirException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CLOSED));
  }

  @Test
  void anotherTokenizerFileOrNoneIsRefused() throws IOException {
    Plan bytes = ToyRuntime.plan(folder);
    Path model = folder.resolve("model");
    TokenizerFile file = TokenizerJson.write(model, TokenizerJson.byteLevel());
    Plan plan = with(bytes, Manifest.TokenizerFacts.huggingFace(file.sha256()));
    Files.writeString(file.path(), "{}");
    assertThatThrownBy(() -> load(plan))
        .isInstanceOfSatisfying(
            PlanException.class,
            e -> assertThat(e.reason()).isEqualTo(PlanException.Reason.WRONG_MODEL))
        .hasMessageContaining("another tokenizer: expected SHA-256 " + file.sha256());
    Files.delete(file.path());
    assertThatThrownBy(() -> load(plan)).hasMessageContaining("got no such file");
  }

  @Test
  void aModelWithoutTokenizerKnowsTokensAlone() throws IOException {
    Plan plan = with(ToyRuntime.plan(folder), Manifest.TokenizerFacts.none());
    try (LoadedModel model = load(plan);
        Session session = model.newSession()) {
      for (Runnable use :
          List.<Runnable>of(
              () -> session.append(Prompt.of("a")),
              () -> model.tokenizer().decode('a'),
              () ->
                  session.generate(
                      Prompt.ofTokens('a'), Sampling.greedy().stop("b"), token -> {}))) {
        assertThatThrownBy(use::run)
            .isInstanceOfSatisfying(
                KvasirException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NO_TOKENIZER))
            .hasMessageContaining("give and take token ids");
      }
      Generation generation =
          session.generate(Prompt.ofTokens('a'), Sampling.greedy().maxTokens(1), token -> {});
      assertThat(generation.tokens()).containsExactly(ToyModel.next('a'));
      assertThat(generation.text()).isEmpty();
    }
  }

  /** This class and all of the project again, in a loader that does not see the library. */
  @Test
  void anAbsentLibraryIsNamed() throws Exception {
    TokenizerJson.write(folder, TokenizerJson.byteLevel());
    List<URL> rest = new ArrayList<>();
    for (String entry : System.getProperty("java.class.path", "").split(File.pathSeparator)) {
      if (!entry.contains("djl")) {
        rest.add(url(entry));
      }
    }
    ClassLoader platform = ClassLoader.getPlatformClassLoader();
    try (URLClassLoader loader = new URLClassLoader(rest.toArray(new URL[0]), platform)) {
      Class<?> opener = loader.loadClass(Opener.class.getName());
      assertThatThrownBy(
              () -> {
                try {
                  opener.getMethod("open", Path.class).invoke(null, folder);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              })
          .hasMessageContaining("error[KV7007]")
          .hasMessageContaining("needs the library ai.djl.huggingface:tokenizers:0.38.0")
          .hasMessageContaining("add it");
    }
  }

  private static URL url(String entry) throws MalformedURLException {
    return Path.of(entry).toUri().toURL();
  }

  /** What the other loader runs. */
  public static final class Opener {
    private Opener() {}

    /** Opens the tokenizer in a folder. */
    public static void open(Path folder) throws IOException {
      TokenizerFile file = TokenizerFile.find(folder).orElseThrow();
      Path toys = folder.resolve("toys");
      Plan plan = with(ToyRuntime.plan(toys), Manifest.TokenizerFacts.huggingFace(file.sha256()));
      Tokenizers.close(new ByteTokenizer());
      Tokenizers.open(plan, folder);
    }
  }

  private LoadedModel load(Plan plan) throws IOException {
    return LoadedModel.load(plan, folder.resolve("model"), ToyRuntime.options(folder));
  }

  private static Plan with(Plan plan, Manifest.TokenizerFacts tokenizer) {
    Manifest m = plan.manifest();
    Manifest changed =
        new Manifest(
            m.formatMajor(),
            m.formatMinor(),
            m.compilerVersion(),
            m.target(),
            m.features(),
            m.model(),
            tokenizer,
            m.policy(),
            m.context(),
            m.span(),
            m.pageRows(),
            m.tiles());
    return new Plan(changed, plan.program(), plan.memory(), plan.files());
  }
}
