package dev.kvasir.ir.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.SourceText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files and texts that are wrong as a whole, where a comment in the text cannot say so. */
class PolicyFileTest {
  @TempDir private Path folder;

  @Test
  void parsesUtf8WithMarkAndAnyLineEnds() throws IOException {
    Policy policy = Policy.parse(file("\uFEFFpolicy p {\r\n// größer\r  let a = 1;\n}"));

    assertThat(policy.name()).isEqualTo("p");
    assertThat(policy.ast().statements().getFirst().span().position()).hasToString("3:3");
  }

  @Test
  void refusesMissingFile() {
    Path missing = folder.resolve("missing.kvp");
    assertRefused(
        () -> Policy.parse(missing), missing + ": error[KV1008]: there is no such policy file");
  }

  @Test
  void refusesDirectory() {
    assertThatExceptionOfType(CompileException.class)
        .isThrownBy(() -> Policy.parse(folder))
        .withMessageStartingWith(folder + ": error[KV1008]: the policy file cannot be read: ");
  }

  @Test
  void refusesOtherEncodings() throws IOException {
    Path file = folder.resolve("latin.kvp");
    Files.write(file, "policy p { } // größer".getBytes(StandardCharsets.ISO_8859_1));
    assertRefused(
        () -> Policy.parse(file), file + ": error[KV1006]: the policy file is not text in UTF-8");
  }

  @Test
  void refusesEmptyFile() throws IOException {
    Path file = file("");
    assertRefused(
        () -> Policy.parse(file),
        file + ":1:1: error[KV1001]: expected 'policy', got the end of the file");
  }

  @Test
  void refusesHugeFileWithoutReadingAllOfIt() throws IOException {
    Path file = file("[".repeat(1 << 20));
    assertRefused(
        () -> Policy.parse(file), file + ": error[KV1005]: a policy has at most 65536 characters");
  }

  @Test
  void refusesHugeText() {
    SourceText source = new SourceText("huge.kvp", " ".repeat(65537));
    assertRefused(
        () -> Policy.parse(source),
        "huge.kvp: error[KV1005]: a policy has at most 65536 characters, got 65537");
  }

  @Test
  void refusesDeepNestingOfAnyBrackets() {
    String prefix = "policy p { let a = ";
    for (String opening : new String[] {"[", "f(", "f(a = [", "(["}) {
      SourceText source = new SourceText("deep.kvp", prefix + opening.repeat(9_000));
      assertThatExceptionOfType(CompileException.class)
          .isThrownBy(() -> Policy.parse(source))
          .withMessageContaining("error[KV1004]: brackets are nested at most 32 deep\n")
          .satisfies(refusal -> assertThat(refusal.getMessage()).hasSizeLessThan(500));
    }
  }

  @Test
  void acceptsTheDeepestNesting() {
    String text = "policy p { let a = " + "[".repeat(32) + "]".repeat(32) + "; }";
    Policy policy = Policy.parse(new SourceText("deep.kvp", text));
    assertThat(policy.canonicalText()).contains("[".repeat(32) + "]".repeat(32));
  }

  private Path file(String text) throws IOException {
    return Files.writeString(folder.resolve("policy.kvp"), text);
  }

  private static void assertRefused(ThrowingCallable parsing, String message) {
    assertThatExceptionOfType(CompileException.class).isThrownBy(parsing).withMessage(message);
  }
}
