package dev.kvasir.ir.policy;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.DiagnosticCode;
import dev.kvasir.ir.diag.SourceText;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A policy that follows the grammar. Its names mean nothing yet: see {@link PolicyResolver}.
 *
 * @param source the text, for diagnostics and for the plan that is compiled from it
 * @param ast the text as a tree
 */
public record Policy(SourceText source, PolicyAst.PolicyDeclaration ast) {
  /** A UTF-8 text of this many bytes can still hold the longest policy. */
  private static final int MAXIMUM_BYTES = 3 * PolicyParser.MAXIMUM_LENGTH;

  /**
   * Reads and parses a policy file in UTF-8. Diagnostics name the file by the path as given.
   *
   * @throws CompileException if the file cannot be read, is not UTF-8, is too large, or does not
   *     follow the grammar
   */
  public static Policy parse(Path file) {
    return parse(new SourceText(file.toString(), read(file)));
  }

  /**
   * Parses a policy text.
   *
   * @throws CompileException if the text is too large or does not follow the grammar
   */
  public static Policy parse(SourceText source) {
    return new Policy(source, PolicyParser.parse(source));
  }

  /** The name that the policy gives itself. */
  public String name() {
    return ast.name().text();
  }

  /** The policy in its canonical form, without comments; parses to the same tree. */
  public String canonicalText() {
    return PolicyPrinter.print(ast);
  }

  private static String read(Path file) {
    byte[] bytes;
    try (InputStream input = Files.newInputStream(file)) {
      bytes = input.readNBytes(MAXIMUM_BYTES + 1);
    } catch (NoSuchFileException missing) {
      throw unreadable(file, DiagnosticCode.POLICY_UNREADABLE, "there is no such policy file");
    } catch (IOException failure) {
      throw unreadable(
          file,
          DiagnosticCode.POLICY_UNREADABLE,
          "the policy file cannot be read: " + failure.getMessage());
    }
    if (bytes.length > MAXIMUM_BYTES) {
      throw unreadable(
          file,
          DiagnosticCode.POLICY_TOO_LARGE,
          "a policy has at most " + PolicyParser.MAXIMUM_LENGTH + " characters");
    }
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException malformed) {
      throw unreadable(
          file, DiagnosticCode.POLICY_NOT_UTF8, "the policy file is not text in UTF-8");
    }
  }

  private static CompileException unreadable(Path file, DiagnosticCode code, String message) {
    return new CompileException(Diagnostic.error(code, file.toString(), message));
  }
}
