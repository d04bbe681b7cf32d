package dev.kvasir.plans.safetensors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvasir.plans.safetensors.SafetensorsException.Reason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SafetensorsFileTest {
  private static final Path NEEDLE = Path.of("..", "samples", "models", "needle");

  @Test
  void readsTheSampleModel() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsFile file = SafetensorsFile.open(NEEDLE.resolve("model.safetensors"), arena);

      assertThat(file.names()).hasSize(38).isSorted();
      assertThat(file.metadata()).containsOnlyKeys("format").containsEntry("format", "pt");
      SafetensorsTensor norm = file.tensor("model.norm.weight").orElseThrow();
      assertThat(norm.type()).isEqualTo(SafetensorsType.F32);
      assertThat(norm.shape()).containsExactly(128L);
      assertThat(file.tensors().values().stream().mapToLong(SafetensorsTensor::elements).sum())
          .isEqualTo(623_744);
      assertThat(file.tensor("lm_head.weight")).isEmpty();
    }
  }

  @Test
  void readsTheReferenceTensors() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsFile file = SafetensorsFile.open(NEEDLE.resolve("reference.safetensors"), arena);

      SafetensorsTensor tokens = file.tensor("prompt.1.tokens").orElseThrow();
      assertThat(Arrays.stream(tokens.toInts()).boxed())
          .hasSize(317)
          .allMatch(token -> token >= 0 && token < 256);
      float[] logits = file.tensor("prompt.1.logits").orElseThrow().toFloats();
      assertThat(logits).hasSize(64 * 256);
      assertThat(logits).doesNotContain(Float.NaN);
    }
  }

  @Test
  void readsEveryTypeAtAnyAlignment() throws SafetensorsException {
    SafetensorsFile file =
        RawFile.read(
            RawFile.of(
                """
                {"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},
                 "b":{"dtype":"F32","shape":[1],"data_offsets":[3,7]},
                 "c":{"dtype":"F16","shape":[],"data_offsets":[7,9]},
                 "d":{"dtype":"BF16","shape":[1,1],"data_offsets":[9,11]},
                 "e":{"dtype":"I32","shape":[1],"data_offsets":[11,15]},
                 "f":{"dtype":"I64","shape":[1],"data_offsets":[15,23]},
                 "g":{"dtype":"I64","shape":[0,5],"data_offsets":[23,23]}}""",
                23));

    SafetensorsTensor bytes = file.tensor("a").orElseThrow();
    assertThat(List.of(bytes.integerAt(0), bytes.integerAt(1), bytes.integerAt(2)))
        .containsExactly(0L, 1L, 2L);
    assertThat(file.tensor("b").orElseThrow().floatAt(0))
        .isEqualTo(Float.intBitsToFloat(0x06050403));
    assertThat(file.tensor("c").orElseThrow().toFloats())
        .containsExactly(Float.float16ToFloat((short) 0x0807));
    assertThat(file.tensor("d").orElseThrow().floatAt(0))
        .isEqualTo(Float.intBitsToFloat(0x0a090000));
    assertThat(file.tensor("e").orElseThrow().toInts()).containsExactly(0x0e0d0c0b);
    assertThat(file.tensor("f").orElseThrow().integerAt(0)).isEqualTo(0x161514131211100fL);
    assertThat(file.tensor("g").orElseThrow().elements()).isZero();
  }

  @Test
  void tellsWhetherATensorIsAligned(@TempDir Path folder) throws IOException {
    Path path = folder.resolve("odd.safetensors");
    // The header takes 136 bytes with its padding, so that data starts at a multiple of eight.
    String header =
        """
        {"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},\
        "b":{"dtype":"F32","shape":[1],"data_offsets":[3,7]}}""";
    Files.write(path, RawFile.of(header + " ".repeat(136 - header.length()), 7));
    try (Arena arena = Arena.ofConfined()) {
      SafetensorsFile file = SafetensorsFile.open(path, arena);
      assertThat(file.tensor("a").orElseThrow().aligned()).isTrue();
      assertThat(file.tensor("b").orElseThrow().aligned()).isFalse();
    }
  }

  @Test
  void refusesElementsOfAnotherKindOrBeyondTheEnd() throws SafetensorsException {
    SafetensorsFile file = RawFile.read(RawFile.of(one("F32", "[2]", 0, 8), 8));
    SafetensorsTensor tensor = file.tensor("t").orElseThrow();

    assertThatThrownBy(() -> tensor.integerAt(0)).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(tensor::toInts).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(() -> tensor.floatAt(2)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> tensor.floatAt(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    assertThat(tensor.data().isReadOnly()).isTrue();
  }

  @Test
  void acceptsWhatTheFormatAllows() throws SafetensorsException {
    assertThat(RawFile.read(RawFile.of("{}", 0)).names()).isEmpty();
    assertThat(RawFile.read(RawFile.of("{}      ", 0)).names()).isEmpty();
    assertThat(RawFile.read(RawFile.of("{\"__metadata__\":{\"k\":\"v\"}}", 0)).metadata())
        .containsEntry("k", "v");
    assertThat(
            RawFile.read(
                    RawFile.of(
                        """
                        {"late":{"data_offsets":[1,2],"shape":[1],"dtype":"U8"},
                         "early":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""",
                        2))
                .names())
        .containsExactly("early", "late");
  }

  @Test
  void passesOnWhatTheFileSystemSays(@TempDir Path folder) {
    try (Arena arena = Arena.ofConfined()) {
      assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("none"), arena))
          .isInstanceOf(NoSuchFileException.class);
    }
  }

  record Lie(String what, byte[] bytes, Reason reason, String message) {
    @Override
    public String toString() {
      return what;
    }
  }

  @ParameterizedTest
  @MethodSource("lies")
  void refusesLyingFiles(Lie lie) {
    SafetensorsException refused =
        catchThrowableOfType(SafetensorsException.class, () -> RawFile.read(lie.bytes()));

    assertThat(refused).as(lie.what()).isNotNull();
    assertThat(refused.reason()).isEqualTo(lie.reason());
    assertThat(refused).hasMessageStartingWith("raw").hasMessageContaining(lie.message());
    assertThat(refused.getMessage()).isEqualTo(refused.place() + ": " + refused.problem());
  }

  static Stream<Lie> lies() {
    return Stream.of(lengthLies(), formLies(), entryLies(), coverLies()).flatMap(lies -> lies);
  }

  private static Stream<Lie> lengthLies() {
    byte[] empty = "{}".getBytes(StandardCharsets.UTF_8);
    return Stream.of(
        new Lie("empty file", new byte[0], Reason.TRUNCATED, "expected at least 8 bytes, got 0"),
        new Lie("half a length", new byte[7], Reason.TRUNCATED, "got 7"),
        new Lie("no header", new byte[8], Reason.HEADER_LENGTH, "got 0"),
        new Lie("header of one byte", RawFile.of(1, empty, 0), Reason.HEADER_LENGTH, "got 1"),
        new Lie("header past the end", RawFile.of(3, empty, 0), Reason.TRUNCATED, "got 2 bytes"),
        new Lie(
            "header of 16 MiB and a byte",
            RawFile.of((16 << 20) + 1, empty, 0),
            Reason.HEADER_LENGTH,
            "got 16777217"),
        new Lie(
            "unsigned length beyond a long",
            RawFile.of(-1, empty, 0),
            Reason.HEADER_LENGTH,
            "got 18446744073709551615"),
        new Lie(
            "length whose sum with eight overflows",
            RawFile.of(Long.MAX_VALUE, empty, 0),
            Reason.HEADER_LENGTH,
            "got 9223372036854775807"));
  }

  private static Stream<Lie> formLies() {
    return Stream.of(
        malformed("array", "[]", "start with {"),
        malformed("space first", " {}", "start with {"),
        malformed("byte order mark", "\uFEFF{}", "start with {"),
        malformed("half an object", "{\"t\":", "JSON header"),
        malformed("unclosed", "{\"__metadata__\":{}", "JSON header"),
        malformed("two objects", "{}{}", "nothing after"),
        malformed("zero padding", "{}\0\0", "JSON header"),
        malformed("comment", "{/* */}", "JSON header"),
        malformed(
            "metadata is a list", "{\"__metadata__\":[]}", "__metadata__: expected an object"),
        malformed("metadata value", "{\"__metadata__\":{\"k\":1}}", "__metadata__.k"),
        malformed("metadata nests", "{\"__metadata__\":{\"k\":{}}}", "expected a string"),
        malformed("deep nesting", "{\"t\":" + "[".repeat(9999), "expected an object, got ["),
        malformed("deep shape", one("U8", "[[[[1]]]]", 0, 1), "nesting depth"),
        malformed("long name", "{\"" + "n".repeat(2000) + "\":{}}", "JSON header"),
        new Lie(
            "not UTF-8",
            RawFile.of(4, new byte[] {'{', (byte) 0xC0, (byte) 0x80, '}'}, 0),
            Reason.MALFORMED_HEADER,
            "UTF-8"));
  }

  private static Stream<Lie> entryLies() {
    return Stream.of(
        malformed("entry is a number", "{\"t\":1}", "tensor t: expected an object, got 1"),
        malformed("entry is empty", "{\"t\":{}}", "got fewer"),
        malformed(
            "one offset", "{\"t\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0]}}", "fewer"),
        malformed("no type", "{\"t\":{\"shape\":[1],\"data_offsets\":[0,1]}}", "got fewer"),
        malformed("unknown field", "{\"t\":{\"stride\":[1]}}", "the field stride"),
        malformed("type is a number", "{\"t\":{\"dtype\":7}}", "dtype: expected a string, got 7"),
        malformed("shape is a number", one("U8", "1", 0, 1), "shape: expected an array, got 1"),
        malformed("real extent", one("U8", "[1.0]", 0, 1), "expected integers, got 1.0"),
        malformed("text extent", one("U8", "[\"1\"]", 0, 1), "expected integers, got 1"),
        malformed("extent of 65 bits", one("U8", "[18446744073709551616]", 0, 1), "64 bits"),
        malformed(
            "extent of many digits", one("U8", "[" + "9".repeat(99) + "]", 0, 1), "JSON header"),
        lie("type of another library", one("F64", "[1]", 0, 8), 8, Reason.UNKNOWN_TYPE, "got F64"),
        lie("type in lower case", one("f32", "[1]", 0, 4), 4, Reason.UNKNOWN_TYPE, "got f32"),
        lie("nine axes", one("U8", "[1,1,1,1,1,1,1,1,1]", 0, 1), 1, Reason.BAD_SHAPE, "at most 8"),
        lie("negative extent", one("U8", "[-1]", 0, 1), 1, Reason.BAD_SHAPE, "got [-1]"),
        lie(
            "two negative extents",
            one("U8", "[-1,-1]", 0, 1),
            1,
            Reason.BAD_SHAPE,
            "got [-1, -1]"),
        lie(
            "product that wraps to zero",
            one("F32", "[4294967296,4294967296]", 0, 0),
            0,
            Reason.BAD_SHAPE,
            "2^63"),
        lie(
            "product that wraps to the size",
            one("F32", "[4611686018427387905]", 0, 4),
            4,
            Reason.BAD_SHAPE,
            "2^63"),
        lie(
            "overflow behind a zero",
            one("U8", "[0,9223372036854775807,3]", 0, 0),
            0,
            Reason.BAD_SHAPE,
            "2^63"),
        lie("range too short", one("F32", "[2]", 0, 4), 4, Reason.SIZE_MISMATCH, "8 bytes"),
        lie("range too long", one("F16", "[2]", 0, 5), 5, Reason.SIZE_MISMATCH, "got 5"),
        lie(
            "name twice",
            "{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                + "\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
            2,
            Reason.DUPLICATE_NAME,
            "tensor t again"),
        lie(
            "escaped name twice",
            "{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                + "\"\\u0074\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
            2,
            Reason.DUPLICATE_NAME,
            "tensor t again"),
        lie(
            "field twice",
            "{\"t\":{\"dtype\":\"U8\",\"dtype\":\"U8\"}}",
            0,
            Reason.DUPLICATE_NAME,
            "field dtype again"),
        lie(
            "metadata twice",
            "{\"__metadata__\":{},\"__metadata__\":{}}",
            0,
            Reason.DUPLICATE_NAME,
            "__metadata__ again"),
        lie(
            "metadata key twice",
            "{\"__metadata__\":{\"k\":\"v\",\"k\":\"w\"}}",
            0,
            Reason.DUPLICATE_NAME,
            "key k again"));
  }

  private static Stream<Lie> coverLies() {
    return Stream.of(
        lie("negative begin", one("U8", "[2]", -1, 1), 1, Reason.BAD_OFFSETS, "[-1, 1]"),
        lie("reversed", one("U8", "[1]", 1, 0), 1, Reason.BAD_OFFSETS, "[1, 0]"),
        lie("past the end", one("U8", "[2]", 0, 2), 1, Reason.BAD_OFFSETS, "[0, 2]"),
        lie(
            "range beyond a long",
            one("U8", "[1]", Long.MIN_VALUE, Long.MAX_VALUE),
            1,
            Reason.BAD_OFFSETS,
            "expected 0 <= begin"),
        lie("hole first", one("U8", "[1]", 1, 2), 2, Reason.HOLE, "begin at byte 0"),
        lie(
            "hole between",
            two(0, 1, 2, 3),
            3,
            Reason.HOLE,
            "tensor b: expected to begin at byte 1"),
        lie("overlap", two(0, 2, 1, 3), 3, Reason.OVERLAP, "where tensor a ends, got 1"),
        lie("same bytes", two(0, 1, 0, 1), 1, Reason.OVERLAP, "tensor b"),
        lie("rest", one("U8", "[1]", 0, 1), 2, Reason.TRAILING_BYTES, "got 2 bytes"),
        lie("data without tensors", "{}", 1, Reason.TRAILING_BYTES, "where the header ends"),
        lie(
            "empty tensor inside another",
            """
            {"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},
             "b":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}""",
            2,
            Reason.OVERLAP,
            "tensor b"));
  }

  private static Lie malformed(String what, String header, String message) {
    return lie(what, header, 1, Reason.MALFORMED_HEADER, message);
  }

  private static Lie lie(String what, String header, int dataBytes, Reason reason, String message) {
    return new Lie(what, RawFile.of(header, dataBytes), reason, message);
  }

  private static String one(String type, String shape, long begin, long end) {
    return "{\"t\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%d,%d]}}"
        .formatted(type, shape, begin, end);
  }

  private static String two(int beginA, int endA, int beginB, int endB) {
    return """
    {"a":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]},
     "b":{"dtype":"U8","shape":[%d],"data_offsets":[%d,%d]}}"""
        .formatted(endA - beginA, beginA, endA, endB - beginB, beginB, endB);
  }
}
