package dev.kvasir.cli.eval;

import dev.kvasir.codegen.driver.Compiler;
import dev.kvasir.codegen.driver.CompilerOptions;
import dev.kvasir.codegen.driver.Model;
import dev.kvasir.codegen.driver.Target;
import dev.kvasir.ir.diag.SourceText;
import dev.kvasir.ir.policy.Policy;
import dev.kvasir.plans.Manifest;
import dev.kvasir.plans.Plan;
import dev.kvasir.runtime.LoadedModel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Measures plans, and the baselines beside them. All read the same contexts and texts; a baseline
 * that several plans share is measured once.
 */
public final class Evaluation {
  /** Between the name of a plan, which never has it, and that of a baseline of its bytes. */
  private static final String BESIDE = "~";

  private static final String REFERENCE = "policy reference { use store-kv(format = f32); }";

  private final Settings settings;
  private final Passages passages;
  private final Model model;
  private final LoadedModel first;
  private final Loader loader;
  private final Watcher watcher;

  /** Loads plans. */
  @FunctionalInterface
  public interface Loader {
    /**
     * {@return the plan, ready to open sessions}
     *
     * @throws IOException as {@link LoadedModel#load}
     */
    LoadedModel load(Subject subject) throws IOException;
  }

  /**
   * @param model what the plans were compiled from; baselines are compiled from it
   * @param first the first plan, loaded; stays open
   */
  public Evaluation(
      Settings settings,
      Passages passages,
      Model model,
      LoadedModel first,
      Loader loader,
      Watcher watcher) {
    this.settings = settings;
    this.passages = passages;
    this.model = model;
    this.first = first;
    this.loader = loader;
    this.watcher = watcher;
  }

  /**
   * {@return what was measured}
   *
   * @param subjects plans of the model, for one target
   * @param baselines what they are measured against
   * @throws IOException when a plan cannot be loaded
   */
  public Results run(List<Subject> subjects, List<Baseline> baselines) throws IOException {
    List<Baseline> unavailable = baselines.stream().filter(one -> !one.available()).toList();
    Plan pattern = subjects.getFirst().plan();
    if (!settings.suites().contains(Suite.PPL)) {
      return run(subjects, baselines, unavailable, Optional.empty());
    }
    Policy policy = Policy.parse(new SourceText("reference.kvp", REFERENCE));
    try (LoadedModel reference = loader.load(compiled("reference", policy, pattern))) {
      return run(subjects, baselines, unavailable, Optional.of(reference));
    }
  }

  private Results run(
      List<Subject> subjects,
      List<Baseline> baselines,
      List<Baseline> unavailable,
      Optional<LoadedModel> reference)
      throws IOException {
    List<Measured> measured = new ArrayList<>();
    String name = subjects.getFirst().name();
    measured.add(evaluate(name, settings, first, reference, settings.lengths()));
    for (Subject subject : subjects.subList(1, subjects.size())) {
      try (LoadedModel loaded = loader.load(subject)) {
        measured.add(evaluate(subject.name(), settings, loaded, reference, settings.lengths()));
      }
    }
    Optional<Measured> own = Optional.empty();
    if (reference.isPresent()) {
      Settings texts = settings.with(List.of(Suite.PPL));
      own =
          Optional.of(evaluate("reference", texts, reference.get(), reference, settings.lengths()));
    }
    List<Results.Cache> caches = new ArrayList<>();
    boolean fullIsThere = subjects.stream().anyMatch(Evaluation::isFull);
    if (baselines.contains(Baseline.FULL) && !fullIsThere) {
      caches.add(full(subjects, reference));
    }
    Map<Baseline, List<Results.Cache>> equal = new LinkedHashMap<>();
    for (Baseline baseline : baselines) {
      if (baseline != Baseline.FULL && baseline.available()) {
        equal.put(baseline, equalBytes(baseline, subjects, measured, reference));
      }
    }
    for (int i = 0; i < subjects.size(); i++) {
      Subject subject = subjects.get(i);
      caches.add(
          new Results.Cache(
              subject.name(),
              subject.plan().manifest().policy().name(),
              isFull(subject) ? Optional.of(Baseline.FULL) : Optional.empty(),
              Optional.empty(),
              Map.of(),
              Map.of(),
              measured.get(i)));
      for (List<Results.Cache> beside : equal.values()) {
        if (!isFull(subject)) {
          caches.add(beside.get(i));
        }
      }
    }
    return new Results(settings, first.backendDescription(), own, caches, unavailable);
  }

  private Measured evaluate(
      String name,
      Settings asked,
      LoadedModel loaded,
      Optional<LoadedModel> reference,
      Collection<Integer> lengths) {
    return new Evaluator(asked, passages, loaded, reference, watcher).run(name, lengths);
  }

  /** {@return whether a plan is the baseline itself} */
  private static boolean isFull(Subject subject) {
    Manifest.PolicyRecord policy = subject.plan().manifest().policy();
    return Policy.parse(new SourceText(subject.place(), policy.text()))
        .canonicalText()
        .equals(Baseline.FULL.policy(0).canonicalText());
  }

  /** {@return where plans have bytes of their own} */
  private List<Results.Place> places() {
    List<Results.Place> places = new ArrayList<>();
    for (int length : settings.lengths()) {
      if (settings.suites().stream().anyMatch(Suite::asks)) {
        places.add(new Results.Place(length, false));
      }
      if (settings.suites().contains(Suite.PPL)) {
        places.add(new Results.Place(length, true));
      }
    }
    return places;
  }

  /** {@return what a plan makes of the suites at these places} */
  private Measured evaluate(
      String name,
      LoadedModel loaded,
      Optional<LoadedModel> reference,
      Collection<Results.Place> places) {
    List<Prediction> predictions = new ArrayList<>();
    List<TextScore> texts = new ArrayList<>();
    for (boolean text : new boolean[] {false, true}) {
      List<Integer> lengths =
          places.stream().filter(place -> place.text() == text).map(Results.Place::length).toList();
      List<Suite> suites =
          settings.suites().stream().filter(suite -> suite.asks() != text).toList();
      if (!lengths.isEmpty()) {
        Measured measured = evaluate(name, settings.with(suites), loaded, reference, lengths);
        predictions.addAll(measured.predictions());
        texts.addAll(measured.texts());
      }
    }
    return new Measured(predictions, texts);
  }

  private Results.Cache full(List<Subject> subjects, Optional<LoadedModel> reference)
      throws IOException {
    Policy policy = Baseline.FULL.policy(0);
    String plain = policy.name();
    boolean taken = subjects.stream().anyMatch(subject -> subject.name().equals(plain));
    String name = taken ? BESIDE + plain : plain;
    try (LoadedModel loaded = loader.load(compiled(name, policy, subjects.getFirst().plan()))) {
      return new Results.Cache(
          name,
          policy.name(),
          Optional.of(Baseline.FULL),
          Optional.empty(),
          Map.of(),
          Map.of(),
          evaluate(name, settings, loaded, reference, settings.lengths()));
    }
  }

  /** A baseline that plans may share. */
  private record Candidate(int context, int span, int rows) {}

  /**
   * What is to be measured of a baseline.
   *
   * @param pattern one of the plans that share it
   */
  private record Work(Plan pattern, Set<Results.Place> places) {}

  /** {@return a baseline for each subject, as far as there are any of equal bytes} */
  private List<Results.Cache> equalBytes(
      Baseline baseline,
      List<Subject> subjects,
      List<Measured> measured,
      Optional<LoadedModel> reference)
      throws IOException {
    List<Map<Results.Place, EqualBytes.Found>> found = search(baseline, subjects, measured);
    Map<Candidate, Work> candidates = new LinkedHashMap<>();
    for (int i = 0; i < subjects.size(); i++) {
      Plan plan = subjects.get(i).plan();
      found
          .get(i)
          .forEach(
              (place, rows) -> {
                if (rows instanceof EqualBytes.Found.Rows(int count)) {
                  candidates
                      .computeIfAbsent(
                          candidate(plan, count), key -> new Work(plan, new TreeSet<>()))
                      .places()
                      .add(place);
                }
              });
    }
    Map<Candidate, Measured> results = new HashMap<>();
    for (Map.Entry<Candidate, Work> entry : candidates.entrySet()) {
      int rows = entry.getKey().rows();
      Work work = entry.getValue();
      String name = baseline + " " + rows;
      Subject subject = compiled(name, baseline.policy(rows), work.pattern());
      try (LoadedModel loaded = loader.load(subject)) {
        results.put(entry.getKey(), evaluate(name, loaded, reference, work.places()));
      }
    }
    List<Results.Cache> caches = new ArrayList<>();
    for (int i = 0; i < subjects.size(); i++) {
      caches.add(cache(baseline, subjects.get(i), found.get(i), results));
    }
    return caches;
  }

  /** {@return for each subject and place the largest baseline; none for policy full} */
  private List<Map<Results.Place, EqualBytes.Found>> search(
      Baseline baseline, List<Subject> subjects, List<Measured> measured) {
    Map<Integer, EqualBytes> searches = new HashMap<>();
    List<Map<Results.Place, EqualBytes.Found>> found = new ArrayList<>();
    for (int i = 0; i < subjects.size(); i++) {
      Plan plan = subjects.get(i).plan();
      Map<Results.Place, EqualBytes.Found> ofPlaces = new TreeMap<>();
      if (!isFull(subjects.get(i))) {
        EqualBytes search =
            searches.computeIfAbsent(
                plan.manifest().context(),
                context -> new EqualBytes(baseline, model, options(plan)));
        for (Results.Place place : places()) {
          long bytes = measured.get(i).at(place).allocatedBytes(place.length()).orElseThrow();
          // The last token of an answer or text is never read.
          ofPlaces.put(place, search.largest(bytes, place.length() - 1));
        }
      }
      found.add(ofPlaces);
    }
    return found;
  }

  private static Results.Cache cache(
      Baseline baseline,
      Subject subject,
      Map<Results.Place, EqualBytes.Found> found,
      Map<Candidate, Measured> results) {
    Map<Results.Place, Integer> rows = new TreeMap<>();
    Map<Results.Place, String> missing = new TreeMap<>();
    List<Prediction> predictions = new ArrayList<>();
    List<TextScore> texts = new ArrayList<>();
    found.forEach(
        (place, what) -> {
          switch (what) {
            case EqualBytes.Found.Nothing(String reason) -> missing.put(place, reason);
            case EqualBytes.Found.Rows(int count) -> {
              rows.put(place, count);
              Measured all = Objects.requireNonNull(results.get(candidate(subject.plan(), count)));
              Measured there = all.at(place);
              predictions.addAll(there.predictions());
              texts.addAll(there.texts());
            }
          }
        });
    return new Results.Cache(
        subject.name() + BESIDE + baseline,
        baseline.keeps(),
        Optional.of(baseline),
        Optional.of(subject.name()),
        rows,
        missing,
        new Measured(predictions, texts));
  }

  private static Candidate candidate(Plan plan, int rows) {
    return new Candidate(plan.manifest().context(), plan.manifest().span(), rows);
  }

  private Subject compiled(String name, Policy policy, Plan pattern) {
    Plan plan = Compiler.compile(model, policy, options(pattern)).plan();
    return new Subject(name, policy.source().name(), plan, true);
  }

  /** {@return what makes a plan for the same target and sessions of the same size} */
  private static CompilerOptions options(Plan pattern) {
    Manifest manifest = pattern.manifest();
    Target target =
        manifest.target().equals(Target.tornado().name()) ? Target.tornado() : Target.jvm();
    return CompilerOptions.defaults()
        .withTarget(target)
        .withMaxContext(manifest.context())
        .withSpan(manifest.span());
  }
}
