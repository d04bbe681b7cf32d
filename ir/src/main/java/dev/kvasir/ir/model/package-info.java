/**
 * What a model is: its architecture as numbers and its weights as named, read-only bytes.
 *
 * <p>{@link dev.kvasir.ir.model.ModelConfigReader} turns a Hugging Face {@code config.json} into a
 * {@link dev.kvasir.ir.model.ModelConfig}; a key that could change the mathematics and is not
 * understood is an error, never ignored. {@link dev.kvasir.ir.model.WeightCatalog} holds the
 * weights of a {@link dev.kvasir.ir.model.WeightSource} against what the configuration asks for.
 * How weights lie in files is no concern of this package.
 */
@NullMarked
package dev.kvasir.ir.model;

import org.jspecify.annotations.NullMarked;
