/**
 * The graph IR: what a model computes for one span of tokens, before anything is said about
 * kernels.
 *
 * <p>A {@link dev.kvasir.ir.graph.Graph} is a straight line of operations in static single
 * assignment form. It maps the token ids of the running span and one cache per layer to logits, the
 * next token and the caches with the span appended; the same graph serves a prompt and a decode
 * step. Everything is immutable; {@link dev.kvasir.ir.graph.GraphBuilder} and {@link
 * dev.kvasir.ir.graph.GraphRewriter} are the ways to make one.
 *
 * <pre>{@code
 * graph small {
 *   parameter %tokens: i32[rows]
 *   parameter %layer.0.cache: cache<layer 0, heads 1, key 4, value 4; [0]: dense bf16>
 *   %embedding = embed(%tokens) {weight = @model.embed_tokens.weight[16, 8]}: f32[rows, 8]
 *   ...
 *   return %logits, %next, %layer.0.cache_after
 * }
 * }</pre>
 *
 * <p>The set of operations is open: an operation is one record that implements {@link
 * dev.kvasir.ir.graph.Op}, listed in {@link dev.kvasir.ir.graph.ops.Ops}. Printer, parser and
 * verifier know none of them.
 */
@NullMarked
package dev.kvasir.ir.graph;

import org.jspecify.annotations.NullMarked;
