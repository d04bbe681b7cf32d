package dev.kvasir.ir.diag;

/**
 * The stable codes of everything a user can be told. A code is never given to another mistake and
 * never reused: the first digit names the area, new mistakes take the next free number of it.
 *
 * <ul>
 *   <li>KV1: the policy text does not follow the grammar
 *   <li>KV2: the policy has no meaning, or none for this model
 *   <li>KV3: model directory, config, safetensors and calibrations
 *   <li>KV4: graph and kernels
 *   <li>KV5: the compilation as a whole: limits, options, output
 * </ul>
 */
public enum DiagnosticCode {
  UNEXPECTED_TOKEN("KV1001", "the policy text does not follow the grammar here"),
  UNKNOWN_CHARACTER("KV1002", "a character that no policy contains"),
  UNTERMINATED_STRING("KV1003", "a string without its closing quote"),
  NESTED_TOO_DEEPLY("KV1004", "brackets nested too deeply"),
  POLICY_TOO_LARGE("KV1005", "a policy file larger than any policy"),
  POLICY_NOT_UTF8("KV1006", "a policy file that is not UTF-8 text"),
  NUMBER_TOO_LARGE("KV1007", "a number beyond what a policy can hold"),
  POLICY_UNREADABLE("KV1008", "a policy file that cannot be read"),

  UNKNOWN_TECHNIQUE("KV2001", "no technique has this name"),
  UNKNOWN_PARAMETER("KV2002", "the technique or format has no such parameter"),
  WRONG_TYPE("KV2003", "a value of the wrong kind"),
  OUT_OF_RANGE("KV2004", "a value outside its range"),
  MISSING_PARAMETER("KV2005", "a required parameter is not given"),
  DUPLICATE_PARAMETER("KV2006", "a parameter is given twice"),
  UNKNOWN_NAME("KV2007", "nothing has this name"),
  DUPLICATE_LET("KV2008", "a name is bound twice"),
  UNUSED_LET("KV2009", "a name is bound and never used"),
  WRONG_MODEL("KV2010", "the policy is written for another kind of model"),
  SET_OUTSIDE_MODEL("KV2011", "a layer or KV head that the model does not have"),
  REPEATED_TECHNIQUE("KV2012", "one technique twice on one layer and KV head"),
  WRONG_SET_KIND("KV2013", "a set of heads where layers are meant, or the reverse"),
  EMPTY_SET("KV2014", "a set that holds nothing"),
  CONFLICTING_TECHNIQUES("KV2015", "two techniques that cannot share a layer and KV head"),
  CALIBRATION_NEEDED("KV2016", "a choice that needs facts measured on the model"),
  UNSUPPORTED_TARGET("KV2017", "the technique cannot be restricted in this way"),
  DUPLICATE_LIMIT("KV2018", "one bound is limited twice at the same length"),
  UNKNOWN_LIMIT("KV2019", "nothing that can be limited has this name"),
  FORMAT_UNAVAILABLE("KV2020", "an element format that the target does not have"),
  LAYER_HAS_WINDOW("KV2021", "a technique that a layer with a sliding window cannot have"),
  PARAMETERS_EXCLUDE("KV2022", "two parameters that cannot be combined"),

  CONFIG_MISSING("KV3001", "a model directory without config.json"),
  CONFIG_MALFORMED("KV3002", "a config.json that is not well-formed"),
  UNKNOWN_ARCHITECTURE("KV3003", "a model architecture that is not supported"),
  UNSUPPORTED_CONFIG_KEY(
      "KV3004", "a config key that changes the mathematics and is not supported"),
  CONFIG_VALUE_INVALID("KV3005", "a config value that is missing or makes no sense"),
  TENSOR_MISSING("KV3006", "a weight that the architecture needs is not in the file"),
  TENSOR_SHAPE_MISMATCH("KV3007", "a weight whose shape contradicts the config"),
  TENSOR_TYPE_UNSUPPORTED("KV3008", "a weight with an element type that is not supported"),
  SAFETENSORS_TRUNCATED("KV3009", "a safetensors file that ends too early"),
  SAFETENSORS_HEADER_INVALID("KV3010", "a safetensors header that is not well-formed"),
  SAFETENSORS_OFFSETS_INVALID("KV3011", "tensors that overlap, leave a hole or leave the file"),
  WEIGHTS_MISSING("KV3012", "a model directory without weights"),
  MODEL_UNREADABLE("KV3013", "a model file that cannot be read"),
  UNKNOWN_CONFIG_KEY(
      "KV3014", "a config key of unknown meaning, which could change the mathematics"),
  TENSOR_UNUSED("KV3016", "a tensor that the architecture does not use"),
  SHARDS_INCONSISTENT("KV3017", "an index of weights in several files that contradicts them"),
  CALIBRATION_UNREADABLE("KV3018", "a calibration file that cannot be read"),
  CALIBRATION_INVALID("KV3019", "a file that is no calibration, or a damaged one"),
  CALIBRATION_OF_ANOTHER_MODEL("KV3020", "a calibration that was measured on another model"),
  SCORE_TABLE_INVALID("KV3021", "a table of scores that is none, or has another shape"),
  TOKENIZER_INVALID("KV3022", "a tokenizer that is none, or without tokens that a policy needs"),

  KERNEL_FORMAT("KV4101", "a kernel over a format that the target has no buffers of"),
  KERNEL_TOO_LARGE("KV4102", "a kernel whose tiles do not fit into the target's local memory"),
  KERNEL_ARGUMENTS("KV4103", "a kernel with more buffers than the target passes"),
  KERNEL_INDEX("KV4104", "a kernel over a buffer with more elements than the target counts"),
  KERNEL_FUNCTION("KV4105", "a kernel that uses what the target cannot compute"),

  LIMIT_EXCEEDED("KV5001", "the plan needs more than a limit of the policy allows"),
  OUTPUT_NOT_WRITABLE("KV5002", "the output cannot be written"),
  CONTEXT_TOO_LARGE("KV5003", "a maximum context beyond what the model supports"),
  PLAN_NOT_KEPT("KV5004", "a plan that cannot be kept among those that this user compiled");

  private final String code;
  private final String meaning;

  DiagnosticCode(String code, String meaning) {
    this.code = code;
    this.meaning = meaning;
  }

  /** The stable code, such as {@code KV2004}. */
  public String code() {
    return code;
  }

  /** What the code means in general, a phrase for lists of codes. */
  public String meaning() {
    return meaning;
  }
}
