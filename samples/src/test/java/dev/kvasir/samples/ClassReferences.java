package dev.kvasir.samples;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.constantpool.ClassEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.constantpool.StringEntry;
import java.lang.classfile.constantpool.Utf8Entry;
import java.util.HashSet;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The packages a class file names: in instructions, supertypes, descriptors, generic signatures and
 * annotations. Text in string constants is not a reference.
 *
 * @param className the class itself, with dots
 * @param packages every package named, the class's own included
 */
record ClassReferences(String className, SortedSet<String> packages) {
  /** A class inside a descriptor or signature; nested parts of a generic type share its package. */
  private static final Pattern CLASS_IN_DESCRIPTOR = Pattern.compile("L([\\w$]+(?:/[\\w$]+)+)[;<]");

  static ClassReferences of(byte[] classFile) {
    ClassModel model = ClassFile.of().parse(classFile);
    // Descriptors, signatures and annotation types are all plain UTF-8 entries of the pool.
    Set<Integer> stringConstants = new HashSet<>();
    for (PoolEntry entry : model.constantPool()) {
      if (entry instanceof StringEntry string) {
        stringConstants.add(string.utf8().index());
      }
    }
    SortedSet<String> packages = new TreeSet<>();
    for (PoolEntry entry : model.constantPool()) {
      if (entry instanceof ClassEntry type) {
        addClass(packages, type.asInternalName());
      } else if (entry instanceof Utf8Entry text && !stringConstants.contains(text.index())) {
        addDescriptor(packages, text.stringValue());
      }
    }
    return new ClassReferences(model.thisClass().asInternalName().replace('/', '.'), packages);
  }

  /** The package the class itself is in. */
  String packageName() {
    return className.substring(0, className.lastIndexOf('.'));
  }

  private static void addClass(Set<String> packages, String internalName) {
    if (internalName.startsWith("[")) {
      addDescriptor(packages, internalName);
    } else {
      addPackage(packages, internalName);
    }
  }

  private static void addDescriptor(Set<String> packages, String text) {
    Matcher matcher = CLASS_IN_DESCRIPTOR.matcher(text);
    while (matcher.find()) {
      addPackage(packages, matcher.group(1));
    }
  }

  private static void addPackage(Set<String> packages, String internalName) {
    int end = internalName.lastIndexOf('/');
    if (end >= 0) {
      packages.add(internalName.substring(0, end).replace('/', '.'));
    }
  }
}
