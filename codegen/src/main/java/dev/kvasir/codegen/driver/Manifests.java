package dev.kvasir.codegen.driver;

import dev.kvasir.codegen.assemble.PlanSizes;
import dev.kvasir.codegen.part.SegmentPart;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.model.RopeConfig;
import dev.kvasir.ir.model.RopeScaling;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.ir.policy.ResolvedPolicy;
import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.StorageFormat;
import dev.kvasir.plans.program.KernelDeclaration;
import dev.kvasir.plans.program.Program;
import dev.kvasir.plans.program.SegmentDeclaration;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Writes down what a plan is. */
final class Manifests {

  private static final String COMPILER_VERSION = "0.1.0";

  private Manifests() {}

  /** {@return the element formats of a segment's pages} */
  private static Stream<StorageFormat> formats(SegmentDeclaration segment) {
    Stream<StorageFormat> packed =
        segment.packing().stream()
            .flatMap(
                packing ->
                    Stream.of(packing.key().codes(), packing.value().codes(), StorageFormat.F16));
    return Stream.concat(Stream.of(segment.format()), packed);
  }

  /** Formats of weights that not every runtime reads. */
  private static Stream<StorageFormat> integers(Program program) {
    return program.kernels().stream()
        .flatMap(kernel -> kernel.arguments().stream())
        .map(KernelDeclaration.Argument::format)
        .filter(format -> format == StorageFormat.I8);
  }

  static Manifest of(
      Model model,
      Policy policy,
      ResolvedPolicy resolved,
      PlanSizes sizes,
      CompilerOptions options,
      Program program) {
    ModelConfig config = model.config();
    String text = policy.source().text();
    List<String> features =
        Stream.concat(program.segments().stream().flatMap(Manifests::formats), integers(program))
            .map(StorageFormat::feature)
            .distinct()
            .sorted()
            .toList();
    return new Manifest(
        PlanFormat.MAJOR,
        PlanFormat.MINOR,
        COMPILER_VERSION,
        options.target().name(),
        features,
        new Manifest.ModelReference(
            Compiler.name(model),
            model.fingerprint(),
            Optional.of(model.fullHash()),
            pathHint(model.path(), options.planFolder()),
            config.layers(),
            config.queryHeads(),
            config.kvHeads(),
            config.headDim(),
            config.headDim(),
            config.vocabularySize(),
            config.softmaxScale(),
            config.rope().theta(),
            "half",
            ropeScaling(config.rope()),
            TextFacts.endTokens(model)),
        TextFacts.tokenizer(model),
        new Manifest.PolicyRecord(policy.name(), text, sha256(text), resolved.toJson()),
        sizes.context(),
        sizes.span(),
        SegmentPart.PAGE_ROWS,
        sizes.tiles().byName());
  }

  private static Optional<String> ropeScaling(RopeConfig rope) {
    return switch (rope.scaling()) {
      case RopeScaling.None _ -> Optional.empty();
      case RopeScaling.Linear linear -> Optional.of(linear.text());
      case RopeScaling.Llama3 llama -> Optional.of(llama.text());
    };
  }

  private static String pathHint(Path model, Path planFolder) {
    Path from = planFolder.toAbsolutePath().normalize();
    Path to = model.toAbsolutePath().normalize();
    Path way = from.getRoot().equals(to.getRoot()) ? from.relativize(to) : to.getFileName();
    String hint = way.toString().replace('\\', '/');
    return hint.isEmpty() ? "." : hint;
  }

  private static String sha256(String text) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(text.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
