/**
 * The policy language: which compression techniques a model is compiled with, where, and how much.
 *
 * <pre>
 * // half of the layers stream; everything is stored in bf16
 * policy zigzag for llama {
 *   let recent = 256;
 *   use group-heads(criterion = layer, retrieval = [1, 3], sink = 4, recent = recent);
 *   use store-kv(format = bf16) on layers all;
 *   limit kv-bytes &lt;= 640 MiB at 131072 tokens;
 * }
 * </pre>
 *
 * <p>The way of a policy: text, {@link dev.kvasir.ir.policy.Policy} (text with its {@link
 * dev.kvasir.ir.policy.PolicyAst}), {@link dev.kvasir.ir.policy.ResolvedPolicy}. The grammar knows
 * no technique. {@link dev.kvasir.ir.policy.PolicyResolver} gives names their meaning from the
 * {@link dev.kvasir.ir.policy.TechniqueSpec}s it is given, and checks types, ranges, sets and
 * combinations against them and against the {@link dev.kvasir.ir.policy.ModelFacts}.
 *
 * <h2>Values</h2>
 *
 * Whole numbers, decimals ({@code 0.5}), percent ({@code 12.5%}), bytes ({@code 640 MiB}; units
 * {@code B}, {@code KiB}, {@code MiB}, {@code GiB}, {@code TiB}), names, strings ({@code "..."}
 * with {@code \"} and {@code \\}), lists ({@code [1, 3]}) and calls ({@code int8(per = channel)}).
 * A name bound by an earlier {@code let} stands for its value; any other name stands for itself,
 * where the parameter allows it.
 *
 * <h2>Sets</h2>
 *
 * {@code on layers SET}, {@code on heads SET} or {@code on layers SET heads SET}, where the
 * technique accepts it; without {@code on}, everything. A set is items joined by commas, then
 * optionally {@code except} and items to take away. Items: {@code all}; a number; {@code a..b},
 * both ends included; {@code last p%}, of the count, rounded down; a name that a technique of this
 * policy binds, such as {@code retrieval}, else a {@code let} that holds numbers. Layers and KV
 * heads count from 0. A number in a head set means that KV head of every chosen layer.
 *
 * <h2>Shares that are measured</h2>
 *
 * Where a parameter is a set of layers or KV heads, a percentage stands for that share of all,
 * rounded to the nearest (half up), by the scores that {@link dev.kvasir.ir.policy.Calibrations}
 * have: layers by the mean of their heads' scores, KV heads of the whole model by their own. Ties
 * go to the lower layer, then to the lower head. A resolved policy names the members.
 *
 * <h2>Bounds of a policy text</h2>
 *
 * 65,536 characters, brackets nested 32 deep, whole numbers of 18 digits. Beyond them a policy is
 * refused with a diagnostic before it is parsed.
 */
@NullMarked
package dev.kvasir.ir.policy;

import org.jspecify.annotations.NullMarked;
