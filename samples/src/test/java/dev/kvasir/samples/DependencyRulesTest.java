package dev.kvasir.samples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.Annotation;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.attribute.RuntimeVisibleAnnotationsAttribute;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the directions between modules by reading the compiled classes of each. */
final class DependencyRulesTest {
  private static final MethodTypeDesc NO_ARGUMENTS = MethodTypeDesc.of(ConstantDescs.CD_void);

  static Stream<String> folders() {
    return DependencyRule.ALL.stream().map(DependencyRule::folder).distinct();
  }

  @ParameterizedTest
  @MethodSource("folders")
  void everyClassKeepsTheDirections(String folder) {
    List<ClassReferences> classes = classesOf(folder);

    assertThat(classes).as("compiled classes of %s", folder).isNotEmpty();
    assertThat(classes.stream().flatMap(type -> ruleFor(folder, type).violations(type).stream()))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"dev.kvasir.ir.graph", "dev.kvasir.passes", "dev.kvasir.codegen.emit"})
  void runtimeCallingTheCompilerIsRefused(String packageName) {
    ClassReferences type =
        classNamed(
            "dev.kvasir.runtime.Session",
            code ->
                code.invokestatic(ClassDesc.of(packageName, "Compiler"), "compile", NO_ARGUMENTS));

    assertThat(ruleFor("runtime", type).violations(type))
        .containsExactly("dev.kvasir.runtime.Session refers to " + packageName);
  }

  @Test
  void passesAreForTheDriverOfCodegenAlone() {
    Consumer<CodeBuilder> callsAPass =
        code ->
            code.invokestatic(ClassDesc.of("dev.kvasir.passes.Passes"), "pipeline", NO_ARGUMENTS);
    ClassReferences driver = classNamed("dev.kvasir.codegen.driver.Compiler", callsAPass);
    ClassReferences emitter = classNamed("dev.kvasir.codegen.emit.Emitter", callsAPass);

    assertThat(ruleFor("codegen", driver).violations(driver)).isEmpty();
    assertThat(ruleFor("codegen", emitter).violations(emitter))
        .containsExactly("dev.kvasir.codegen.emit.Emitter refers to dev.kvasir.passes");
  }

  @Test
  void aPlanThatKnowsTheCompilerIsRefused() {
    ClassReferences type =
        classNamed(
            "dev.kvasir.plans.Plan",
            code ->
                code.getstatic(ClassDesc.of("dev.kvasir.ir.Names"), "FIRST", ConstantDescs.CD_int));

    assertThat(ruleFor("plans", type).violations(type))
        .containsExactly("dev.kvasir.plans.Plan refers to dev.kvasir.ir");
  }

  @Test
  void aLibraryOutsideTheListIsRefused() {
    ClassReferences type =
        classNamed(
            "dev.kvasir.runtime.Session",
            code ->
                code.getstatic(
                    ClassDesc.of("com.google.common.Base"), "FIRST", ConstantDescs.CD_int));

    assertThat(ruleFor("runtime", type).violations(type))
        .containsExactly("dev.kvasir.runtime.Session refers to com.google.common");
  }

  @Test
  void descriptorsAndAnnotationsAreReferences() {
    MethodTypeDesc descriptor =
        MethodTypeDesc.of(ConstantDescs.CD_void, ClassDesc.of("dev.kvasir.ir.type.Shape"));
    byte[] classFile =
        ClassFile.of()
            .build(
                ClassDesc.of("dev.kvasir.runtime.Backend"),
                builder ->
                    builder
                        .withFlags(ClassFile.ACC_ABSTRACT | ClassFile.ACC_INTERFACE)
                        .with(
                            RuntimeVisibleAnnotationsAttribute.of(
                                Annotation.of(ClassDesc.of("dev.kvasir.passes.Marker"))))
                        .withMethod(
                            "launch",
                            descriptor,
                            ClassFile.ACC_PUBLIC | ClassFile.ACC_ABSTRACT,
                            method -> {}));

    assertThat(ClassReferences.of(classFile).packages())
        .contains("dev.kvasir.ir.type", "dev.kvasir.passes");
  }

  @Test
  void textInStringConstantsIsNoReference() {
    ClassReferences type =
        classNamed("dev.kvasir.runtime.Session", code -> code.ldc("Ldev/kvasir/ir/Names;").pop());

    assertThat(type.packages()).doesNotContain("dev.kvasir.ir");
    assertThat(ruleFor("runtime", type).violations(type)).isEmpty();
  }

  /** A class with one static method that does what {@code body} says, then returns. */
  private static ClassReferences classNamed(String name, Consumer<CodeBuilder> body) {
    byte[] classFile =
        ClassFile.of(ClassFile.StackMapsOption.DROP_STACK_MAPS)
            .build(
                ClassDesc.of(name),
                builder ->
                    builder.withMethodBody(
                        "body",
                        NO_ARGUMENTS,
                        ClassFile.ACC_STATIC,
                        code -> {
                          body.accept(code);
                          code.return_();
                        }));
    return ClassReferences.of(classFile);
  }

  private static DependencyRule ruleFor(String folder, ClassReferences type) {
    return DependencyRule.ALL.stream()
        .filter(rule -> rule.folder().equals(folder) && rule.binds(type.packageName()))
        .max(Comparator.comparingInt(rule -> rule.owner().length()))
        .orElseThrow(
            () -> new AssertionError(type.className() + " is outside dev.kvasir." + folder));
  }

  private static List<ClassReferences> classesOf(String folder) {
    Path classes = projectRoot().resolve(folder).resolve("target/classes");
    try (Stream<Path> files = Files.walk(classes)) {
      return files
          .filter(file -> file.toString().endsWith(".class"))
          .map(DependencyRulesTest::read)
          .toList();
    } catch (IOException failure) {
      throw new UncheckedIOException("no compiled classes; build the whole project", failure);
    }
  }

  private static ClassReferences read(Path classFile) {
    try {
      return ClassReferences.of(Files.readAllBytes(classFile));
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static Path projectRoot() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.exists(folder.resolve("ir/pom.xml"))) {
      Path parent = folder.getParent();
      if (parent == null) {
        throw new AssertionError("the tests run outside the project's folder");
      }
      folder = parent;
    }
    return folder;
  }
}
