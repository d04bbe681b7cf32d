package dev.kvasir.fuzz;

import dev.kvasir.codegen.driver.Model;
import dev.kvasir.ir.diag.CompileException;
import dev.kvasir.ir.diag.Severity;
import dev.kvasir.plans.ModelFilesException;
import dev.kvasir.plans.ModelFingerprint;
import dev.kvasir.plans.Plan;
import dev.kvasir.plans.PlanException;
import dev.kvasir.plans.PlanReader;
import dev.kvasir.plans.safetensors.SafetensorsException;
import dev.kvasir.runtime.ErrorCode;
import dev.kvasir.runtime.KvasirException;
import dev.kvasir.runtime.LoadOptions;
import dev.kvasir.runtime.LoadedModel;
import dev.kvasir.runtime.backend.JvmBackend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Hands mutants to everything that reads plans and models. For one thread. */
final class Trial {

  private static final String PLACE = "mutant.kvplan";

  // One thread and no memory of earlier checks: every load does all its work.
  private static final LoadOptions OPTIONS =
      new LoadOptions(1, OptionalInt.of(128), false, Optional.empty());

  private final GoldenPlans plans;
  private final Path soundModel;
  private final Path mutantModel;
  private final Path mutantShards;

  /**
   * @param folder an empty folder for model files
   */
  Trial(GoldenPlans plans, Path folder) throws IOException {
    this.plans = plans;
    soundModel = Files.createDirectory(folder.resolve("sound"));
    mutantModel = Files.createDirectory(folder.resolve("mutant"));
    mutantShards = Files.createDirectory(folder.resolve("mutant-shards"));
    GoldenModel.write(soundModel);
  }

  /** {@return what becomes of {@code mutant}} */
  Outcome run(Mutant mutant) {
    try {
      switch (mutant) {
        case Mutant.PlanFile file -> tryPlan(file);
        case Mutant.ModelFiles files -> tryModel(files);
      }
      return new Outcome.Accepted();
    } catch (PlanException e) {
      return new Outcome.Refused(e.code());
    } catch (ModelFilesException e) {
      return new Outcome.Refused(e.reason().name());
    } catch (SafetensorsException e) {
      return new Outcome.Refused(e.reason().name());
    } catch (CompileException e) {
      return e.diagnostics().stream()
          .filter(diagnostic -> diagnostic.severity() == Severity.ERROR)
          .findFirst()
          .<Outcome>map(diagnostic -> new Outcome.Refused(diagnostic.code().code()))
          .orElseGet(() -> new Outcome.Finding(e));
    } catch (KvasirException e) {
      return e.code().category() == ErrorCode.Category.INTERNAL
          ? new Outcome.Finding(e)
          : new Outcome.Refused(e.code().text());
    } catch (Throwable e) {
      return new Outcome.Finding(e);
    }
  }

  private void tryPlan(Mutant.PlanFile mutant) throws IOException {
    Plan plan = PlanReader.read(PLACE, mutant.bytes());
    if (mutant.damaged()) {
      throw new AssertionError("the damage was not noticed");
    }
    if (mutant.changedClass().isEmpty()) {
      LoadedModel.load(plan, soundModel, OPTIONS).close();
    } else {
      // Verified, defined and linked, but not run: its loops end, though perhaps not today.
      JvmBackend.open(plan, vectorBits(mutant.changedClass().get()), 1).close();
    }
  }

  /** {@return the width that the class file of {@code kernels/jvm/BITS/KERNEL.class} is for} */
  private static int vectorBits(String entry) {
    return Integer.parseInt(entry.split("/", -1)[2]);
  }

  private void tryModel(Mutant.ModelFiles mutant) throws IOException {
    // Mutants of a kind have the same names of files, so that none is left of the last one.
    Path folder = mutant.kind() == MutationKind.MODEL_INDEX ? mutantShards : mutantModel;
    for (Map.Entry<String, byte[]> file : mutant.files().entrySet()) {
      Files.write(folder.resolve(file.getKey()), file.getValue());
    }
    PlanArchive archive = plans.small();
    if (mutant.bound()) {
      String fingerprint = ModelFingerprint.of(folder).value();
      archive = GoldenPlans.withFingerprint(archive, fingerprint);
    } else {
      Model.open(folder).close();
    }
    Plan plan = PlanReader.read(PLACE, archive.toBytes());
    LoadedModel.load(plan, folder, OPTIONS).close();
  }
}
