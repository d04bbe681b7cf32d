/**
 * What to measure on a model and what follows from it, as pure functions: texts to read, and scores
 * from what a run showed. Running the model is for others.
 *
 * <p>Induction (RazorAttention, Tang et al., 2024): the model reads {@link
 * dev.kvasir.passes.calibrate.RepeatedTokens}; {@link dev.kvasir.passes.calibrate.CopyAttention}
 * says how much of its attention each head puts on the copy before, {@link
 * dev.kvasir.passes.calibrate.RetrievalOrder} makes scores of it. Ablation: the model reads a
 * {@link dev.kvasir.passes.calibrate.PasskeyText} with and without one head streaming, {@link
 * dev.kvasir.passes.calibrate.Displacement} says how far its predictions move.
 */
@NullMarked
package dev.kvasir.passes.calibrate;

import org.jspecify.annotations.NullMarked;
