package dev.kvasir.ir.model;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What is known about the keys of a {@code config.json}. A key is read, may be ignored because it
 * cannot change what a forward pass computes, or is allowed only with the value that switches its
 * mathematics off. A key in none of the three sets is refused: it could change the mathematics.
 */
final class ConfigKeys {
  /** The keys that {@link ModelConfigReader} gives a meaning to. */
  static final Set<String> READ =
      Set.of(
          "architectures",
          "attention_bias",
          "bos_token_id",
          "dtype",
          "eos_token_id",
          "head_dim",
          "hidden_size",
          "intermediate_size",
          "layer_types",
          "max_position_embeddings",
          "max_window_layers",
          "mlp_bias",
          "model_type",
          "num_attention_heads",
          "num_hidden_layers",
          "num_key_value_heads",
          "quantization_config",
          "rms_norm_eps",
          "rope_parameters",
          "rope_scaling",
          "rope_theta",
          "sliding_window",
          "tie_word_embeddings",
          "torch_dtype",
          "vocab_size");

  /**
   * Keys that do not touch a forward pass at inference: provenance, training (initialisation,
   * dropout, checkpointing), choices of the library (caching, output form, attention kernels,
   * chunking that leaves results alone) and tokens that only batches and training use.
   */
  static final Set<String> IGNORED =
      Set.of(
          "_attn_implementation",
          "_attn_implementation_autoset",
          "_name_or_path",
          "attention_dropout",
          "attn_implementation",
          "chunk_size_feed_forward",
          "finetuning_task",
          "gradient_checkpointing",
          "hidden_dropout",
          "id2label",
          "initializer_range",
          "is_llama_config",
          "label2id",
          "license",
          "name_or_path",
          "output_attentions",
          "output_hidden_states",
          "output_scores",
          "pad_token_id",
          "problem_type",
          "resid_dropout",
          "residual_dropout",
          "return_dict",
          "return_dict_in_generate",
          "task_specific_params",
          "tokenizer_class",
          "torchscript",
          "transformers.js_config",
          "transformers_version",
          "unk_token_id",
          "unsloth_fixed",
          "unsloth_version",
          "use_cache");

  /** Keys whose mathematics is not supported, each with the one meaning that leaves it out. */
  static final Map<String, Neutral> NEUTRAL =
      Stream.of(
              absent("alibi"),
              absent("attention_chunk_size"),
              absent("attention_multiplier"),
              absent("attn_logit_softcapping"),
              absent("attn_temperature_tuning"),
              absent("auto_map"),
              absent("clip_qkv"),
              absent("compression_config"),
              absent("expert_layer_period"),
              absent("final_logit_softcapping"),
              absent("kv_lora_rank"),
              absent("moe_intermediate_size"),
              absent("n_routed_experts"),
              absent("no_rope_layers"),
              absent("num_experts"),
              absent("num_experts_per_tok"),
              absent("num_local_experts"),
              absent("q_lora_rank"),
              absent("query_pre_attn_scalar"),
              off("add_cross_attention"),
              off("attention_out_bias"),
              off("is_encoder_decoder"),
              off("parallel_residual"),
              off("qk_norm"),
              off("qkv_bias"),
              off("rope_interleaved"),
              off("tie_encoder_decoder"),
              off("use_bias"),
              off("use_mrope"),
              off("use_parallel_residual"),
              off("use_qk_norm"),
              off("use_sliding_window"),
              one("embedding_multiplier"),
              one("embedding_scale"),
              one("logit_scale"),
              one("logits_scaling"),
              one("partial_rotary_factor"),
              one("pretraining_tp"),
              one("residual_multiplier"),
              one("rope_scaling_factor"),
              new Neutral(
                  "hidden_act",
                  "\"silu\"",
                  value -> value.isTextual() && value.textValue().equals("silu")))
          .collect(Collectors.toUnmodifiableMap(Neutral::key, neutral -> neutral));

  /**
   * A key that is allowed with one value.
   *
   * @param meaning that value as a config spells it
   * @param allows whether a value is that one
   */
  record Neutral(String key, String meaning, Predicate<JsonNode> allows) {}

  private ConfigKeys() {}

  private static Neutral absent(String key) {
    return new Neutral(key, "null", JsonNode::isNull);
  }

  private static Neutral off(String key) {
    return new Neutral(
        key, "false", value -> value.isNull() || (value.isBoolean() && !value.booleanValue()));
  }

  private static Neutral one(String key) {
    return new Neutral(
        key, "1", value -> value.isNull() || (value.isNumber() && value.doubleValue() == 1));
  }
}
