/**
 * Graph to graph, one idea a file. {@link dev.kvasir.passes.Passes} lists the passes in their
 * order, {@link dev.kvasir.passes.PassManager} runs them.
 *
 * <p>A pass is stateless, says what must hold before and what holds after, and shows in its Javadoc
 * what it does to the text of a graph. A technique is a pass that a policy can ask for.
 */
@NullMarked
package dev.kvasir.passes;

import org.jspecify.annotations.NullMarked;
