/**
 * The kernel IR: a small, closed block language in which every fused kernel is written once for all
 * targets.
 *
 * <p>A {@link dev.kvasir.ir.kernel.Kernel} runs once per grid point, independently and in any
 * order. Control is uniform: integers ({@link dev.kvasir.ir.kernel.IntExpression}), counted loops
 * and conditions. Data lives in <em>tiles</em>, named two-dimensional working storage of static
 * size, and in buffers, reached through {@link dev.kvasir.ir.kernel.View views}. There are no
 * lanes, threads or barriers: each target's lowering owns vectors, threads, local memory and
 * synchronisation.
 *
 * <pre>{@code
 * kernel scores(q: f32 read, pool: bf16 read, out: f32 write; dims pages) grid(sequence, head) {
 *   tile queries: f32[4, 128]
 *   tile logits: f32[4, 64]
 *   load queries, q[rows 4 x 128 stride 128 at (axis head) * 512]
 *   for page in 0 .. dim pages {
 *     logits = dot.nt queries, pool[columns 64 x 128 at page * 16384]
 *     store out[rows 4 x 64 stride 64 at page * 256], logits
 *   }
 * }
 * }</pre>
 *
 * <p>Whether {@code a * b + c} is fused, and the order of a sum, are unspecified. Integer overflow
 * in uniform arithmetic is forbidden. The text form is for people and golden tests.
 */
@NullMarked
package dev.kvasir.ir.kernel;

import org.jspecify.annotations.NullMarked;
