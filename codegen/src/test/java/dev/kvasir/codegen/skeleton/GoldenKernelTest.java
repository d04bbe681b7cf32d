package dev.kvasir.codegen.skeleton;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvasir.ir.kernel.Kernel;
import dev.kvasir.ir.kernel.KernelPrinter;
import dev.kvasir.ir.type.CacheSegment;
import dev.kvasir.ir.type.ElementFormat;
import dev.kvasir.ir.type.Fold;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The text of attention kernels, as people read it in a plan. A changed kernel fails here first;
 * {@code -Dgolden.update=CASE} writes the one file of that case anew.
 */
class GoldenKernelTest {

  private static final Path FOLDER =
      Path.of("src", "test", "resources", "dev", "kvasir", "codegen", "skeleton");

  private static Kernel kernel(String name) {
    List<CacheSegment> dense = AttentionFixture.segments("dense", ElementFormat.BF16);
    List<CacheSegment> ring = AttentionFixture.segments("sink+ring", ElementFormat.BF16);
    AttentionShape full = AttentionFixture.shape(4, 8, 128, 128, dense, 4096);
    AttentionShape streaming = AttentionFixture.shape(2, 2, 32, 32, ring, 2048);
    List<CacheSegment> slots =
        List.of(
            CacheSegment.of(CacheSegment.Kind.SLOTS, ElementFormat.BF16, 128, OptionalInt.empty()),
            CacheSegment.of(CacheSegment.Kind.TAIL, ElementFormat.BF16, 64, OptionalInt.empty()));
    FoldShape fold =
        new FoldShape(
            AttentionFixture.shape(4, 2, 64, 64, slots, 2048), new Fold(128, 64, 21, 64), 192);
    return switch (name) {
      case "fold_rows" -> FoldRows.build(name, fold, 64);
      case "step_mass" -> StepMass.build(name, fold);
      case "decode_dense_bf16" -> DecodeAttention.build(name, full, 16, 4);
      case "decode_sink_ring_bf16" -> DecodeAttention.build(name, streaming, 1, 3);
      case "combine" -> CombineAttention.build(name, full, 4);
      case "prefill_sink_ring_bf16" -> PrefillAttention.build(name, streaming, 16, 32);
      case "append_sink_ring_bf16" -> AppendRows.build(name, streaming);
      default -> throw new IllegalArgumentException(name);
    };
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "decode_dense_bf16",
        "decode_sink_ring_bf16",
        "combine",
        "prefill_sink_ring_bf16",
        "append_sink_ring_bf16",
        "fold_rows",
        "step_mass"
      })
  void printsAsBefore(String name) throws IOException {
    String text = KernelPrinter.print(kernel(name));
    String file = name + ".kernel";
    if (name.equals(System.getProperty("golden.update"))) {
      Files.createDirectories(FOLDER);
      Files.writeString(FOLDER.resolve(file), text);
    }
    assertThat(text)
        .as("%s; -Dgolden.update=%s accepts the new text", file, name)
        .isEqualTo(golden(file));
  }

  private static String golden(String file) throws IOException {
    try (InputStream stream = GoldenKernelTest.class.getResourceAsStream(file)) {
      return stream == null ? "" : new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
