/**
 * Loads a plan and runs its program: sessions, caches, tokenizer and sampler. It knows plans and no
 * technique.
 *
 * <pre>{@code
 * try (LoadedModel model = LoadedModel.load(planFile, modelDirectory);
 *     Session session = model.newSession()) {
 *   session.append(Prompt.of(document));
 *   session.generate(
 *       Prompt.of(question), Sampling.greedy().maxTokens(128), token -> print(token.text()));
 * }
 * }</pre>
 *
 * <p>{@link dev.kvasir.runtime.LoadedModel} binds the model's weights, loads the plan's kernels and
 * checks each of them once against results that the plan carries. {@link
 * dev.kvasir.runtime.Session} reserves all memory of one sequence when it opens. A prompt runs as
 * spans, a generated token as a step; for each, the session covers the rows to come with pages,
 * interprets the procedure {@code prefill} or {@code step} launch by launch, keeps the logits and
 * runs the rules whose conditions hold. A step allocates nothing on the Java heap.
 *
 * <p>{@link dev.kvasir.runtime.Session#fork} opens a session that goes on from where another is and
 * shares its full cache pages: a prompt that many requests begin with is read once.
 *
 * <p>Pages and working memory are native memory and not arrays, which free nothing until a
 * collection and cannot be aligned; weights stay mapped files, which are shared and are not copied.
 * One thread read 1 GiB from memory at these rates (GB/s; Xeon with AVX-512, two virtual cores,
 * medians of three rounds): {@code float[]} 14.8, an arena's segment 15.2, with huge pages 15.7;
 * head by head, as attention reads the pages of a layer, an arena's segment 12.9 and with huge
 * pages 14.6. Freeing it took 40 ms, with huge pages 4. So page pools are asked for in huge pages
 * where Linux and native access allow it; the system provides them when they are first used.
 *
 * <p>What is wrong with a plan or a model's files is an {@link java.io.IOException} of the package
 * that reads them; everything else is a {@link dev.kvasir.runtime.KvasirException} with a stable
 * code.
 */
@NullMarked
package dev.kvasir.runtime;

import org.jspecify.annotations.NullMarked;
