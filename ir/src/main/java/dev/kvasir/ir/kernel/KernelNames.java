package dev.kvasir.ir.kernel;

import java.util.Set;
import java.util.regex.Pattern;

/** Which names a kernel may use: each must be a plain identifier in every language we emit. */
final class KernelNames {

  private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z][A-Za-z0-9_]*");

  /** OpenCL's vector types, reserved like its keywords. */
  private static final Pattern VECTOR_TYPE =
      Pattern.compile("(u?char|u?short|u?int|u?long|float|double|half|bool)(2|3|4|8|16)");

  private static final Set<String> JAVA =
      Set.of(
          "abstract",
          "assert",
          "boolean",
          "break",
          "byte",
          "case",
          "catch",
          "char",
          "class",
          "const",
          "continue",
          "default",
          "do",
          "double",
          "else",
          "enum",
          "extends",
          "false",
          "final",
          "finally",
          "float",
          "for",
          "goto",
          "if",
          "implements",
          "import",
          "instanceof",
          "int",
          "interface",
          "long",
          "native",
          "new",
          "null",
          "package",
          "private",
          "protected",
          "public",
          "return",
          "short",
          "static",
          "strictfp",
          "super",
          "switch",
          "synchronized",
          "this",
          "throw",
          "throws",
          "transient",
          "true",
          "try",
          "void",
          "volatile",
          "while");

  private static final Set<String> OPENCL =
      Set.of(
          "auto",
          "bool",
          "constant",
          "extern",
          "global",
          "half",
          "image1d_t",
          "image2d_t",
          "image3d_t",
          "inline",
          "kernel",
          "local",
          "pipe",
          "read_only",
          "read_write",
          "register",
          "restrict",
          "sampler_t",
          "signed",
          "size_t",
          "sizeof",
          "struct",
          "typedef",
          "uchar",
          "uint",
          "ulong",
          "uniform",
          "union",
          "unsigned",
          "ushort",
          "write_only");

  /** Words of the text form that stand where a name could. */
  private static final Set<String> KERNEL_TEXT =
      Set.of(
          "and",
          "axis",
          "ceildiv",
          "column",
          "dim",
          "exp2",
          "f16",
          "floordiv",
          "frombits",
          "in",
          "let",
          "load",
          "log2",
          "map",
          "max",
          "min",
          "mod",
          "or",
          "rint",
          "row",
          "rsqrt",
          "scatter",
          "select",
          "spread",
          "store",
          "tile");

  private KernelNames() {}

  static boolean isLegal(String name) {
    return IDENTIFIER.matcher(name).matches()
        && !VECTOR_TYPE.matcher(name).matches()
        && !JAVA.contains(name)
        && !OPENCL.contains(name)
        && !KERNEL_TEXT.contains(name);
  }
}
