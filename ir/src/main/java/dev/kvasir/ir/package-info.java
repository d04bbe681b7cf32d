/**
 * The languages of Kvasir and what they mean: diagnostics, the policy language, model
 * configuration, graph IR and kernel IR, each with a canonical text, a verifier and a slow
 * reference evaluator. Nothing here transforms.
 */
@NullMarked
package dev.kvasir.ir;

import org.jspecify.annotations.NullMarked;
