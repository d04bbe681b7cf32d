package dev.kvasir.plans.verify;

import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Everything outside a plan that its kernels may name. All of it is free of side effects but for
 * stores to arrays and segments that the caller holds, checks every index, and ends.
 *
 * <p>A line is {@code KIND CLASS.NAME(PARAMETERS) RESULT} of the kinds {@code static}, {@code
 * virtual} and {@code interface}, or {@code constant CLASS.NAME TYPE} for a static field that is
 * read, or {@code cast CLASS}.
 */
public final class KernelAllowList {

  private static final List<String> LINES =
      """
      static Math.ceilDiv(int, int) int
      static Math.floorDiv(int, int) int
      static Math.floorMod(int, int) int
      static Math.fma(float, float, float) float
      static Math.log(double) double
      static Math.max(float, float) float
      static Math.max(int, int) int
      static Math.min(float, float) float
      static Math.min(int, int) int
      static Math.sqrt(double) double
      static Float.float16ToFloat(short) float
      static Float.floatToFloat16(float) short
      static Float.floatToRawIntBits(float) int
      static Float.intBitsToFloat(int) float
      static Float.isNaN(float) boolean

      interface MemorySegment.get(ValueLayout.OfByte, long) byte
      interface MemorySegment.get(ValueLayout.OfFloat, long) float
      interface MemorySegment.get(ValueLayout.OfInt, long) int
      interface MemorySegment.get(ValueLayout.OfShort, long) short
      interface MemorySegment.set(ValueLayout.OfFloat, long, float) void
      interface MemorySegment.set(ValueLayout.OfInt, long, int) void
      interface MemorySegment.set(ValueLayout.OfShort, long, short) void
      constant ValueLayout.JAVA_BYTE ValueLayout.OfByte
      constant ValueLayout.JAVA_FLOAT_UNALIGNED ValueLayout.OfFloat
      constant ValueLayout.JAVA_INT_UNALIGNED ValueLayout.OfInt
      constant ValueLayout.JAVA_SHORT_UNALIGNED ValueLayout.OfShort
      constant ByteOrder.LITTLE_ENDIAN ByteOrder

      static FloatVector.broadcast(VectorSpecies, float) FloatVector
      static FloatVector.fromArray(VectorSpecies, float[], int) FloatVector
      static FloatVector.fromMemorySegment(VectorSpecies, MemorySegment, long, ByteOrder) FloatVector
      static FloatVector.zero(VectorSpecies) FloatVector
      virtual FloatVector.abs() FloatVector
      virtual FloatVector.add(Vector) FloatVector
      virtual FloatVector.add(float) FloatVector
      virtual FloatVector.blend(Vector, VectorMask) FloatVector
      virtual FloatVector.blend(float, VectorMask) FloatVector
      virtual FloatVector.compare(VectorOperators.Comparison, Vector) VectorMask
      virtual FloatVector.compare(VectorOperators.Comparison, float) VectorMask
      virtual FloatVector.convertShape(VectorOperators.Conversion, VectorSpecies, int) Vector
      virtual FloatVector.div(Vector) FloatVector
      virtual FloatVector.fma(Vector, Vector) FloatVector
      virtual FloatVector.intoArray(float[], int) void
      virtual FloatVector.intoMemorySegment(MemorySegment, long, ByteOrder) void
      virtual FloatVector.max(Vector) FloatVector
      virtual FloatVector.min(Vector) FloatVector
      virtual FloatVector.mul(Vector) FloatVector
      virtual FloatVector.mul(float) FloatVector
      virtual FloatVector.reduceLanes(VectorOperators.Associative) float
      virtual FloatVector.reinterpretAsInts() IntVector
      virtual FloatVector.reinterpretAsLongs() LongVector
      virtual FloatVector.sqrt() FloatVector
      virtual FloatVector.sub(Vector) FloatVector
      virtual FloatVector.sub(float) FloatVector
      constant FloatVector.SPECIES_128 VectorSpecies
      constant FloatVector.SPECIES_256 VectorSpecies
      constant FloatVector.SPECIES_512 VectorSpecies
      cast FloatVector

      static IntVector.broadcast(VectorSpecies, int) IntVector
      static IntVector.fromArray(VectorSpecies, int[], int) IntVector
      static IntVector.fromMemorySegment(VectorSpecies, MemorySegment, long, ByteOrder) IntVector
      virtual IntVector.add(Vector) IntVector
      virtual IntVector.addIndex(int) IntVector
      virtual IntVector.blend(Vector, VectorMask) IntVector
      virtual IntVector.compare(VectorOperators.Comparison, Vector) VectorMask
      virtual IntVector.convertShape(VectorOperators.Conversion, VectorSpecies, int) Vector
      virtual IntVector.intoArray(int[], int) void
      virtual IntVector.intoMemorySegment(MemorySegment, long, ByteOrder) void
      virtual IntVector.lanewise(VectorOperators.Binary, Vector) IntVector
      virtual IntVector.lanewise(VectorOperators.Binary, int) IntVector
      virtual IntVector.max(Vector) IntVector
      virtual IntVector.min(Vector) IntVector
      virtual IntVector.mul(Vector) IntVector
      virtual IntVector.reinterpretAsFloats() FloatVector
      virtual IntVector.sub(Vector) IntVector
      constant IntVector.SPECIES_64 VectorSpecies
      constant IntVector.SPECIES_128 VectorSpecies
      constant IntVector.SPECIES_256 VectorSpecies
      constant IntVector.SPECIES_512 VectorSpecies
      cast IntVector

      static LongVector.fromMemorySegment(VectorSpecies, MemorySegment, long, ByteOrder) LongVector
      virtual LongVector.convertShape(VectorOperators.Conversion, VectorSpecies, int) Vector
      virtual LongVector.lanewise(VectorOperators.Binary, long) LongVector
      constant LongVector.SPECIES_128 VectorSpecies
      constant LongVector.SPECIES_256 VectorSpecies
      constant LongVector.SPECIES_512 VectorSpecies

      static ByteVector.fromMemorySegment(VectorSpecies, MemorySegment, long, ByteOrder) ByteVector
      virtual ByteVector.convertShape(VectorOperators.Conversion, VectorSpecies, int) Vector
      constant ByteVector.SPECIES_64 VectorSpecies
      constant ByteVector.SPECIES_128 VectorSpecies

      static ShortVector.fromMemorySegment(VectorSpecies, MemorySegment, long, ByteOrder) ShortVector
      virtual ShortVector.convertShape(VectorOperators.Conversion, VectorSpecies, int) Vector
      constant ShortVector.SPECIES_64 VectorSpecies
      constant ShortVector.SPECIES_128 VectorSpecies
      constant ShortVector.SPECIES_256 VectorSpecies

      virtual VectorMask.and(VectorMask) VectorMask
      virtual VectorMask.cast(VectorSpecies) VectorMask
      virtual VectorMask.or(VectorMask) VectorMask

      constant VectorOperators.ADD VectorOperators.Associative
      constant VectorOperators.AND VectorOperators.Associative
      constant VectorOperators.MAX VectorOperators.Associative
      constant VectorOperators.MIN VectorOperators.Associative
      constant VectorOperators.OR VectorOperators.Associative
      constant VectorOperators.ASHR VectorOperators.Binary
      constant VectorOperators.LSHL VectorOperators.Binary
      constant VectorOperators.LSHR VectorOperators.Binary
      constant VectorOperators.EQ VectorOperators.Comparison
      constant VectorOperators.GE VectorOperators.Comparison
      constant VectorOperators.GT VectorOperators.Comparison
      constant VectorOperators.LE VectorOperators.Comparison
      constant VectorOperators.LT VectorOperators.Comparison
      constant VectorOperators.B2I VectorOperators.Conversion
      constant VectorOperators.F2I VectorOperators.Conversion
      constant VectorOperators.I2F VectorOperators.Conversion
      constant VectorOperators.L2I VectorOperators.Conversion
      constant VectorOperators.S2I VectorOperators.Conversion
      constant VectorOperators.ZERO_EXTEND_S2I VectorOperators.Conversion
      """
          .lines()
          .filter(line -> !line.isBlank())
          .toList();

  private static final Map<String, List<String>> CLASSES =
      Map.of(
          "java.lang",
          List.of("Object", "Math", "Float"),
          "java.lang.foreign",
          List.of(
              "MemorySegment",
              "ValueLayout",
              "ValueLayout.OfByte",
              "ValueLayout.OfFloat",
              "ValueLayout.OfInt",
              "ValueLayout.OfShort"),
          "java.nio",
          List.of("ByteOrder"),
          "jdk.incubator.vector",
          List.of(
              "ByteVector",
              "FloatVector",
              "IntVector",
              "LongVector",
              "ShortVector",
              "Vector",
              "VectorMask",
              "VectorSpecies",
              "VectorOperators",
              "VectorOperators.Associative",
              "VectorOperators.Binary",
              "VectorOperators.Comparison",
              "VectorOperators.Conversion"));

  private static final List<Class<?>> PRIMITIVES =
      List.of(
          void.class,
          boolean.class,
          byte.class,
          short.class,
          int.class,
          long.class,
          float.class,
          double.class);

  private static final Pattern CALL =
      Pattern.compile("(static|virtual|interface) ([\\w.]+)\\.(\\w+)\\(([^)]*)\\) (\\S+)");
  private static final Pattern CONSTANT = Pattern.compile("constant ([\\w.]+)\\.(\\w+) (\\S+)");
  private static final Pattern CAST = Pattern.compile("cast (\\S+)");

  private record Call(String kind, MethodKey method) {}

  private static final KernelAllowList INSTANCE = new KernelAllowList();

  private final Map<String, ClassDesc> types = new HashMap<>();
  private final Set<String> classEntries = new HashSet<>();
  private final Map<Call, String> calls = new HashMap<>();
  private final Map<MethodKey, String> constants = new HashMap<>();
  private final Map<String, String> casts = new HashMap<>();

  private KernelAllowList() {
    for (Class<?> type : PRIMITIVES) {
      types.put(type.getName(), ClassDesc.ofDescriptor(type.descriptorString()));
    }
    CLASSES.forEach(
        (prefix, names) ->
            names.forEach(
                name -> types.put(name, ClassDesc.of(prefix + "." + name.replace('.', '$')))));
    types.values().stream()
        .filter(ClassDesc::isClassOrInterface)
        .forEach(type -> classEntries.add(internalName(type)));
    classEntries.addAll(List.of("[F", "[I", "[Ljava/lang/foreign/MemorySegment;"));
    LINES.forEach(this::add);
  }

  /** {@return the lines, as this class's description has them} */
  public static SortedSet<String> lines() {
    return Collections.unmodifiableSortedSet(new TreeSet<>(LINES));
  }

  /** {@return whether a class may name the class with this internal name} */
  static boolean names(String internalName) {
    return INSTANCE.classEntries.contains(internalName);
  }

  /** {@return the line that allows a call, of kind {@code static, virtual} or {@code interface}} */
  static Optional<String> call(String kind, MethodKey method) {
    return Optional.ofNullable(INSTANCE.calls.get(new Call(kind, method)));
  }

  /** {@return the line that allows to read a static field} */
  static Optional<String> constant(MethodKey field) {
    return Optional.ofNullable(INSTANCE.constants.get(field));
  }

  /** {@return the line that allows a cast to the class with this internal name} */
  static Optional<String> cast(String internalName) {
    return Optional.ofNullable(INSTANCE.casts.get(internalName));
  }

  private void add(String line) {
    Matcher call = CALL.matcher(line);
    Matcher constant = CONSTANT.matcher(line);
    Matcher cast = CAST.matcher(line);
    if (call.matches()) {
      List<ClassDesc> parameters =
          call.group(4).isEmpty()
              ? List.of()
              : Arrays.stream(call.group(4).split(", ", -1)).map(this::type).toList();
      String descriptor = MethodTypeDesc.of(type(call.group(5)), parameters).descriptorString();
      MethodKey method =
          new MethodKey(internalName(type(call.group(2))), call.group(3), descriptor);
      calls.put(new Call(call.group(1), method), line);
    } else if (constant.matches()) {
      MethodKey field =
          new MethodKey(
              internalName(type(constant.group(1))),
              constant.group(2),
              type(constant.group(3)).descriptorString());
      constants.put(field, line);
    } else if (cast.matches()) {
      casts.put(internalName(type(cast.group(1))), line);
    } else {
      throw new IllegalStateException("no line of the allow-list: " + line);
    }
  }

  private ClassDesc type(String name) {
    if (name.endsWith("[]")) {
      return type(name.substring(0, name.length() - 2)).arrayType();
    }
    ClassDesc type = types.get(name);
    if (type == null) {
      throw new IllegalStateException("no type of the allow-list: " + name);
    }
    return type;
  }

  private static String internalName(ClassDesc type) {
    String descriptor = type.descriptorString();
    return descriptor.substring(1, descriptor.length() - 1);
  }
}
