package dev.kvasir.ir.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.CompilerBug;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.testing.TechniqueFixtures;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Shares of layers and heads of the model of 4 layers with 2 KV heads. */
class CalibratedSetsTest {
  private static final HeadScores SCORES =
      new HeadScores("test", 4, 2, List.of(.8f, .1f, 1f, 0f, 1.6f, 1.4f, .2f, .3f));

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "layer; 50%; {\"layers\":[1,2]}",
        "layer; 25%; {\"layers\":[2]}",
        "layer; 0%; {\"layers\":[]}",
        "layer; 100%; {\"layers\":[0,1,2,3]}",
        "layer; 12.4%; {\"layers\":[]}",
        "head; 50%; {\"heads\":[[0,0],[1,0],[2,0],[2,1]]}",
        "head; 12.5%; {\"heads\":[[2,0]]}",
        "head; 0%; {\"heads\":[]}"
      })
  void aResolvedPolicyNamesWhatAShareHolds(String criterion, String share, String set) {
    ResolvedPolicy resolved =
        resolve("use group-heads(criterion = %s, retrieval = %s);".formatted(criterion, share));

    assertThat(resolved.toJson()).contains("\"retrieval\":" + set);
    assertThat(resolved.calibratedChoices())
        .singleElement()
        .satisfies(
            choice -> {
              assertThat(choice.scores()).isEqualTo(SCORES);
              assertThat(choice.percent().toPlainString() + "%").isEqualTo(share);
            });
  }

  @Test
  void itMeansWhatTheSameSetByNameMeans() {
    String others = " use select-window(budget = 12%) on layers retrieval;";
    ResolvedPolicy measured =
        resolve("let half = 50%; use group-heads(retrieval = half);" + others);
    ResolvedPolicy named = resolve("use group-heads(retrieval = [1, 2]);" + others);

    assertThat(measured.toJson()).isEqualTo(named.toJson());
    assertThat(named.calibratedChoices()).isEmpty();
    assertThat(measured.uses().getFirst().boundSet("streaming").heads().layers())
        .containsExactly(0, 3);
  }

  @Test
  void aPolicyThatNamesItsSetsAsksForNoMeasurement() {
    Calibrations untouched =
        () -> {
          throw new AssertionError("asked");
        };

    assertThat(resolve("use group-heads(retrieval = [1]);", untouched).uses()).hasSize(1);
  }

  @Test
  void aShareBeyondTheWholeIsRefusedWithOrWithoutMeasurements() {
    for (Calibrations calibrations : List.of(Calibrations.none(), measured(SCORES))) {
      assertThatThrownBy(() -> resolve("use group-heads(retrieval = 100.5%);", calibrations))
          .isInstanceOf(CompileException.class)
          .hasMessageContaining("error[KV2004]: retrieval must be between 0% and 100%, got 100.5%");
    }
  }

  @Test
  void scoresOfAnotherShapeAreTheCallersBug() {
    HeadScores other = HeadScores.equal("other", 4, 4);

    assertThatThrownBy(() -> resolve("use group-heads(retrieval = 50%);", measured(other)))
        .isInstanceOf(CompilerBug.class);
  }

  private static ResolvedPolicy resolve(String body) {
    return resolve(body, measured(SCORES));
  }

  private static ResolvedPolicy resolve(String body, Calibrations calibrations) {
    return PolicyResolver.resolve(
        Policy.parse(new SourceText("test.kvp", "policy test { " + body + " }")),
        TechniqueFixtures.SPECS,
        TechniqueFixtures.FACTS,
        calibrations);
  }

  private static Calibrations measured(HeadScores scores) {
    return () -> Optional.of(scores);
  }
}
