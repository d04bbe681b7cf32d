package dev.kvasir.plans;

import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a plan is and what it needs, {@code manifest.json}.
 *
 * @param formatMajor a runtime reads its own major version only
 * @param formatMinor newer minors add what older runtimes may ignore
 * @param compilerVersion version of the compiler that wrote the plan
 * @param target {@code jvm} or {@code tornado}
 * @param features names of abilities the runtime must have, for example {@code format.bf16}
 * @param model the model the plan was compiled for
 * @param tokenizer how text becomes tokens
 * @param policy the policy, as text and as resolved
 * @param context most true tokens a session may hold
 * @param span most prompt rows that are prefilled at once
 * @param pageRows cache rows of a page
 * @param tiles how work is cut, for people and tools: sizes that the compiler chose or was given,
 *     by name, for example {@code rows-per-split}, cache rows that one work item of decode
 *     attention reads. Kernels and grids hold what comes of it
 */
public record Manifest(
    int formatMajor,
    int formatMinor,
    String compilerVersion,
    String target,
    List<String> features,
    ModelReference model,
    TokenizerFacts tokenizer,
    PolicyRecord policy,
    int context,
    int span,
    int pageRows,
    SortedMap<String, Integer> tiles) {

  /** Copies the list and the map. */
  public Manifest {
    features = List.copyOf(features);
    tiles = Collections.unmodifiableSortedMap(new TreeMap<>(tiles));
  }

  /**
   * The model a plan belongs to.
   *
   * @param name last part of the model's folder
   * @param fingerprint hex SHA-256 over configuration, tensor headers and file sizes
   * @param fullHash hex SHA-256 over all bytes, when it was computed
   * @param pathHint where the model lay, relative to the plan file, with forward slashes
   * @param layers decoder layers
   * @param queryHeads query heads of a layer
   * @param kvHeads key and value heads of a layer
   * @param keyDim elements of a key row
   * @param valueDim elements of a value row
   * @param vocabulary number of token ids
   * @param softmaxScale factor on q.k
   * @param ropeTheta base of the rotary frequencies
   * @param ropeStyle which elements form a pair, {@code half} for i and i + d/2
   * @param ropeScaling how the frequencies that theta gives are scaled, for people and tools: for
   *     example {@code linear(factor = 4.0)}; absent without scaling. Kernels read what comes of it
   *     from derived tensors
   * @param endTokens ids that end a generation
   */
  public record ModelReference(
      String name,
      String fingerprint,
      Optional<String> fullHash,
      String pathHint,
      int layers,
      int queryHeads,
      int kvHeads,
      int keyDim,
      int valueDim,
      int vocabulary,
      double softmaxScale,
      double ropeTheta,
      String ropeStyle,
      Optional<String> ropeScaling,
      List<Integer> endTokens) {
    /** Copies the list. */
    public ModelReference {
      endTokens = List.copyOf(endTokens);
    }

    /** A model whose rotation is not scaled. */
    public ModelReference(
        String name,
        String fingerprint,
        Optional<String> fullHash,
        String pathHint,
        int layers,
        int queryHeads,
        int kvHeads,
        int keyDim,
        int valueDim,
        int vocabulary,
        double softmaxScale,
        double ropeTheta,
        String ropeStyle,
        List<Integer> endTokens) {
      this(
          name,
          fingerprint,
          fullHash,
          pathHint,
          layers,
          queryHeads,
          kvHeads,
          keyDim,
          valueDim,
          vocabulary,
          softmaxScale,
          ropeTheta,
          ropeStyle,
          Optional.empty(),
          endTokens);
    }
  }

  /**
   * How text becomes tokens.
   *
   * @param kind {@link #BYTE}, {@link #HUGGING_FACE} or {@link #NONE}; a runtime refuses any other
   * @param sha256 hex hash of the model's {@code tokenizer.json}, for {@link #HUGGING_FACE} alone
   */
  public record TokenizerFacts(String kind, Optional<String> sha256) {
    /** A token is a byte of UTF-8 text. */
    public static final String BYTE = "byte";

    /** The model's {@code tokenizer.json} says, in the format of Hugging Face's tokenizers. */
    public static final String HUGGING_FACE = "huggingface";

    /** Nothing says: sessions read and give token ids alone. */
    public static final String NONE = "none";

    /** {@return the facts of kind {@link #BYTE}} */
    public static TokenizerFacts bytes() {
      return new TokenizerFacts(BYTE, Optional.empty());
    }

    /** {@return the facts of kind {@link #HUGGING_FACE} with the hash of {@code tokenizer.json}} */
    public static TokenizerFacts huggingFace(String sha256) {
      return new TokenizerFacts(HUGGING_FACE, Optional.of(sha256));
    }

    /** {@return the facts of kind {@link #NONE}} */
    public static TokenizerFacts none() {
      return new TokenizerFacts(NONE, Optional.empty());
    }
  }

  /**
   * The policy that shaped the plan.
   *
   * @param name its declared name
   * @param text its source
   * @param sha256 hex hash of the source
   * @param resolvedJson every value and set spelled out, as JSON text
   */
  public record PolicyRecord(String name, String text, String sha256, String resolvedJson) {}
}
