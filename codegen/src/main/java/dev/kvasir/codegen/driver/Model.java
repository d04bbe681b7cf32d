package dev.kvasir.codegen.driver;

import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Diagnostic;
import dev.kvasir.ir.diag.Diagnostics;
import dev.kvasir.ir.model.ModelConfig;
import dev.kvasir.ir.model.ModelConfigReader;
import dev.kvasir.ir.model.Weight;
import dev.kvasir.ir.model.WeightCatalog;
import dev.kvasir.ir.model.WeightSource;
import dev.kvasir.ir.model.WeightType;
import dev.kvasir.plans.ModelFiles;
import dev.kvasir.plans.ModelFingerprint;
import dev.kvasir.plans.ModelTensors;
import dev.kvasir.plans.safetensors.SafetensorsTensor;
import dev.kvasir.plans.safetensors.SafetensorsType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;

/**
 * A model as it lies on disk, {@code config.json} and {@code model.safetensors} or the files of an
 * index, checked as a whole when it is opened. Weights are mapped, not copied, and gone once this
 * is closed; reading one then throws {@link IllegalStateException}. Any thread may read.
 */
public final class Model implements WeightSource, AutoCloseable {
  private final Path path;
  private final ModelConfig config;
  private final ModelFingerprint fingerprint;
  private final List<Diagnostic> warnings;
  private final ModelTensors weights;
  private final Arena arena;

  private Model(
      Path path,
      ModelConfig config,
      ModelFingerprint fingerprint,
      List<Diagnostic> warnings,
      ModelTensors weights,
      Arena arena) {
    this.path = path;
    this.config = config;
    this.fingerprint = fingerprint;
    this.warnings = List.copyOf(warnings);
    this.weights = weights;
    this.arena = arena;
  }

  /**
   * {@return the model in {@code path}}
   *
   * @throws CompileException when a file is missing, cannot be read or lies, when the config
   *     describes no model that is understood, or when the weights do not fit the config
   */
  public static Model open(Path path) {
    Arena arena = Arena.ofShared();
    boolean opened = false;
    try {
      Model model = open(path, arena);
      opened = true;
      return model;
    } catch (IOException e) {
      throw new CompileException(ModelFileErrors.diagnostic(path, e));
    } catch (InternalError e) {
      throw ModelFileErrors.fault(path, e);
    } finally {
      if (!opened) {
        arena.close();
      }
    }
  }

  private static Model open(Path path, Arena arena) throws IOException {
    ModelFiles files = ModelFiles.locate(path);
    ModelConfig config = ModelConfigReader.read(files.config().toString(), files.readConfig());
    ModelTensors weights = ModelTensors.open(files, arena);
    ModelFingerprint fingerprint = ModelFingerprint.of(path);
    Diagnostics diagnostics = new Diagnostics();
    Model model = new Model(path, config, fingerprint, List.of(), weights, arena);
    WeightCatalog.check(config, model, files.place().toString(), diagnostics);
    diagnostics.throwIfErrors();
    return new Model(path, config, fingerprint, diagnostics.list(), weights, arena);
  }

  /** {@return the directory as it was given} */
  public Path path() {
    return path;
  }

  /** {@return the architecture} */
  public ModelConfig config() {
    return config;
  }

  /** {@return what the user should know although it stops nothing, such as unused tensors} */
  public List<Diagnostic> warnings() {
    return warnings;
  }

  /**
   * {@return the hash of all bytes of the model's files; reads them all}
   *
   * @throws CompileException when a file cannot be read any more
   */
  public String fullHash() {
    try {
      return ModelFingerprint.fullHash(path);
    } catch (IOException e) {
      throw new CompileException(ModelFileErrors.diagnostic(path, e));
    }
  }

  /**
   * Refuses files that are no longer those that were opened.
   *
   * @throws CompileException when the fingerprint is another now
   */
  void requireUnchanged() {
    try {
      if (!ModelFingerprint.of(path).equals(fingerprint)) {
        throw new CompileException(ModelFileErrors.changed(path));
      }
    } catch (IOException e) {
      throw new CompileException(ModelFileErrors.changed(path).withNote("now: " + e));
    }
  }

  @Override
  public SortedSet<String> names() {
    return weights.names();
  }

  @Override
  public Optional<Weight> find(String name) {
    return weights.tensor(name).map(Model::weight);
  }

  @Override
  public String fingerprint() {
    return fingerprint.value();
  }

  /** Unmaps the weights. Closing again does nothing. */
  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  private static Weight weight(SafetensorsTensor tensor) {
    return new Weight(tensor.name(), type(tensor.type()), tensor.shape(), tensor.data());
  }

  private static WeightType type(SafetensorsType type) {
    return switch (type) {
      case F32 -> WeightType.F32;
      case F16 -> WeightType.F16;
      case BF16 -> WeightType.BF16;
      case I32 -> WeightType.I32;
      case I64 -> WeightType.I64;
      case I8 -> WeightType.I8;
      case U8 -> WeightType.U8;
    };
  }
}
