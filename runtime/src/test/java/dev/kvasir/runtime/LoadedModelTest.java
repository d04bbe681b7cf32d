package dev.kvasir.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.ModelFilesException;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.PlanFormat;
import dev.kvasir.plans.PlanWriter;
import dev.kvasir.plans.abi.JvmKernelAbi;
import dev.kvasir.plans.safetensors.SafetensorsWriter;
import dev.kvasir.runtime.toy.ToyModel;
import dev.kvasir.runtime.toy.ToyPlan;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoadedModelTest {

  @TempDir private Path folder;

  @Test
  void loadsAPlanFile() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    Path file = folder.resolve("toy.kvplan");
    PlanWriter.write(plan, file);
    try (LoadedModel model =
            LoadedModel.load(file, folder.resolve("model"), ToyRuntime.options(folder));
        Session session = model.newSession()) {
      session.append(Prompt.ofTokens(1, 2, 3));
      assertThat(session.greedyToken()).isEqualTo(ToyModel.next(1, 2, 3));
      assertThat(model.plan().manifest()).isEqualTo(plan.manifest());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {128, 256, 512})
  void loadsEveryVectorWidth(int bits) throws IOException {
    LoadOptions options = ToyRuntime.options(folder).vectorBits(bits).fullCheck(true);
    try (LoadedModel model = load(ToyRuntime.plan(folder), options)) {
      assertThat(model.backendDescription()).contains(bits + "-bit");
    }
  }

  @Test
  void refusesAnotherModel() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    Files.writeString(folder.resolve("model/config.json"), "{\"model_type\": \"other\"}");
    assertThatThrownBy(() -> load(plan, ToyRuntime.options(folder)))
        .isInstanceOfSatisfying(
            PlanException.class,
            e -> assertThat(e.reason()).isEqualTo(PlanException.Reason.WRONG_MODEL))
        .hasMessageContaining("the plan was compiled for another model: expected toy");
  }

  @Test
  void refusesOtherWeightsUnderAFullCheck() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    float[] bias = new float[ToyModel.VOCABULARY];
    new SafetensorsWriter()
        .addFloats("bias", bias, bias.length)
        .write(folder.resolve("model/model.safetensors"));
    load(plan, ToyRuntime.options(folder)).close();
    assertThatThrownBy(() -> load(plan, ToyRuntime.options(folder).fullCheck(true)))
        .isInstanceOf(PlanException.class)
        .hasMessageContaining("compiled for other weights");
  }

  @Test
  void refusesAFullCheckWithoutAHash() throws IOException {
    Plan plan =
        withModel(
            ToyRuntime.plan(folder),
            m ->
                new Manifest.ModelReference(
                    m.name(),
                    m.fingerprint(),
                    Optional.empty(),
                    m.pathHint(),
                    m.layers(),
                    m.queryHeads(),
                    m.kvHeads(),
                    m.keyDim(),
                    m.valueDim(),
                    m.vocabulary(),
                    m.softmaxScale(),
                    m.ropeTheta(),
                    m.ropeStyle(),
                    m.endTokens()));
    assertCode(ErrorCode.NO_FULL_HASH, plan, ToyRuntime.options(folder).fullCheck(true));
  }

  @Test
  void refusesAMissingModel() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    Files.delete(folder.resolve("model/model.safetensors"));
    assertThatThrownBy(() -> load(plan, ToyRuntime.options(folder)))
        .isInstanceOf(ModelFilesException.class);
  }

  @Test
  void refusesWeightsOfAnotherSizeOrName() throws IOException {
    Path model = Files.createDirectories(folder.resolve("model"));
    Files.writeString(model.resolve("config.json"), "{}");
    Path weights = model.resolve("model.safetensors");
    new SafetensorsWriter().addFloats("bias", new float[255], 255).write(weights);
    assertCode(ErrorCode.WEIGHT_MISMATCH, ToyPlan.of(model, 256, 64), ToyRuntime.options(folder));
    new SafetensorsWriter().addInts("bias", new int[256], 256).write(weights);
    assertCode(ErrorCode.WEIGHT_MISMATCH, ToyPlan.of(model, 256, 64), ToyRuntime.options(folder));
    new SafetensorsWriter().addFloats("other", new float[256], 256).write(weights);
    assertCode(ErrorCode.WEIGHT_MISSING, ToyPlan.of(model, 256, 64), ToyRuntime.options(folder));
  }

  @Test
  void refusesAKernelThatIsNoClassAtAnyWidth() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    String entry = JvmKernelAbi.entryName("score", 512);
    byte[] other = plan.files().getOrDefault(JvmKernelAbi.entryName("embed", 512), new byte[0]);
    for (byte[] file : List.of(new byte[] {1, 2, 3}, other)) {
      assertThatThrownBy(
              () -> load(withFile(plan, entry, file), ToyRuntime.options(folder).vectorBits(128)))
          .isInstanceOfSatisfying(
              PlanException.class,
              e -> assertThat(e.reason()).isEqualTo(PlanException.Reason.UNSAFE_KERNEL))
          .hasMessageStartingWith(entry);
    }
  }

  /** Reads an int as a reference, which only the Java virtual machine's own verifier sees. */
  @Test
  void refusesAKernelWhoseTypesDoNotFit() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    ClassDesc self = ClassDesc.of(JvmKernelAbi.className("score", 256));
    byte[] confused =
        ClassFile.of()
            .build(
                self,
                builder ->
                    builder
                        .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL)
                        .withMethodBody(
                            JvmKernelAbi.ENTRY,
                            MethodTypeDesc.ofDescriptor(JvmKernelAbi.ENTRY_DESCRIPTOR),
                            ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
                            code -> code.aload(4).astore(0).return_()));
    assertCode(
        ErrorCode.KERNEL_UNLOADABLE,
        withFile(plan, JvmKernelAbi.entryName("score", 256), confused),
        ToyRuntime.options(folder).vectorBits(256));
  }

  @Test
  void aKernelCannotWriteWhatItsDeclarationCallsRead() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    ClassDesc self = ClassDesc.of(JvmKernelAbi.className("score", 256));
    ClassDesc segment = ClassDesc.of("java.lang.foreign.MemorySegment");
    ClassDesc layout = ClassDesc.of("java.lang.foreign.ValueLayout");
    byte[] meddling =
        ClassFile.of()
            .build(
                self,
                builder ->
                    builder
                        .withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL)
                        .withMethodBody(
                            JvmKernelAbi.ENTRY,
                            MethodTypeDesc.ofDescriptor(JvmKernelAbi.ENTRY_DESCRIPTOR),
                            ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC,
                            code ->
                                code.aload(0)
                                    .iconst_0()
                                    .aaload()
                                    .getstatic(layout, "JAVA_INT_UNALIGNED", layout.nested("OfInt"))
                                    .lconst_0()
                                    .iconst_5()
                                    .invokeinterface(
                                        segment,
                                        "set",
                                        MethodTypeDesc.of(
                                            ConstantDescs.CD_void,
                                            layout.nested("OfInt"),
                                            ConstantDescs.CD_long,
                                            ConstantDescs.CD_int))
                                    .return_()));
    assertThatThrownBy(
            () ->
                load(
                    withFile(plan, JvmKernelAbi.entryName("score", 256), meddling),
                    ToyRuntime.options(folder).vectorBits(256)))
        .isInstanceOf(VerificationException.class)
        .hasMessageContaining("kernel score")
        .hasMessageContaining("read-only");
  }

  @Test
  void refusesOptionsOutOfRange() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    assertThatThrownBy(() -> LoadOptions.defaults().threads(0))
        .hasMessageContaining("at least 1, got 0");
    assertCode(ErrorCode.OPTION_INVALID, plan, ToyRuntime.options(folder).vectorBits(64));
  }

  @Test
  void refusesASessionBeyondItsMemoryAndNamesTheLargestPart() throws IOException {
    Path directory = ToyModel.write(folder.resolve("model"));
    try (LoadedModel model = load(ToyPlan.of(directory, 4096, 64), ToyRuntime.options(folder))) {
      assertThatThrownBy(() -> model.newSession(SessionOptions.defaults().memoryLimit(2 << 20)))
          .isInstanceOfSatisfying(
              KvasirException.class,
              e -> {
                assertThat(e.code()).isEqualTo(ErrorCode.OUT_OF_MEMORY);
                assertThat(e.code().category().exitStatus()).isEqualTo(5);
              })
          .hasMessageContaining(
              "KV cache needs 2.3 MiB of 2.0 MiB; largest: layer 0 values (2.2 MiB)");
      model.newSession(SessionOptions.defaults().memoryLimit(3 << 20)).close();
    }
  }

  private LoadedModel load(Plan plan, LoadOptions options) throws IOException {
    return LoadedModel.load(plan, folder.resolve("model"), options);
  }

  private void assertCode(ErrorCode code, Plan plan, LoadOptions options) {
    assertThatThrownBy(() -> load(plan, options))
        .isInstanceOfSatisfying(
            KvasirException.class, e -> assertThat(e.code()).as(e.problem()).isEqualTo(code));
  }

  static Plan withFile(Plan plan, String entry, byte[] bytes) {
    Map<String, byte[]> files = new HashMap<>(plan.files());
    files.put(entry, bytes);
    return new Plan(plan.manifest(), plan.program(), plan.memory(), files);
  }

  private static Plan withModel(Plan plan, UnaryOperator<Manifest.ModelReference> change) {
    Manifest m = plan.manifest();
    Manifest changed =
        new Manifest(
            m.formatMajor(),
            m.formatMinor(),
            m.compilerVersion(),
            m.target(),
            List.copyOf(m.features()),
            change.apply(m.model()),
            m.tokenizer(),
            m.policy(),
            m.context(),
            m.span(),
            m.pageRows(),
            m.tiles());
    return new Plan(changed, plan.program(), plan.memory(), plan.files());
  }

  @Test
  void refusesOtherTargetsTokenizersAndFeatures() throws IOException {
    Plan plan = ToyRuntime.plan(folder);
    Manifest m = plan.manifest();
    assertThatThrownBy(
            () -> load(withFacts(plan, "tornado", "byte", List.of()), ToyRuntime.options(folder)))
        .hasMessageContaining(
            "error[KV7202]: nothing here runs plans of target tornado, only of jvm")
        .hasMessageContaining("kvasir-runtime-tornadovm");
    assertThatThrownBy(
            () -> load(withFacts(plan, "jvm", "words", List.of()), ToyRuntime.options(folder)))
        .hasMessageContaining("tokenizer of kind words");
    assertThatThrownBy(
            () ->
                load(
                    withFacts(plan, m.target(), "byte", List.of("format.int3")),
                    ToyRuntime.options(folder)))
        .hasMessageContaining("feature format.int3");
  }

  private static Plan withFacts(Plan plan, String target, String tokenizer, List<String> features) {
    Manifest m = plan.manifest();
    Manifest changed =
        new Manifest(
            PlanFormat.MAJOR,
            PlanFormat.MINOR,
            m.compilerVersion(),
            target,
            features,
            m.model(),
            new Manifest.TokenizerFacts(tokenizer, Optional.empty()),
            m.policy(),
            m.context(),
            m.span(),
            m.pageRows(),
            m.tiles());
    return new Plan(changed, plan.program(), plan.memory(), plan.files());
  }
}
