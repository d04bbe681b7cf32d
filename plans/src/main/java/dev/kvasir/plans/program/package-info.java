/**
 * The program of a plan, {@code program.json}: which kernels exist, where cache rows live, which
 * launches form a procedure and which rule calls it. The runtime interprets it and knows no
 * technique.
 */
@NullMarked
package dev.kvasir.plans.program;

import org.jspecify.annotations.NullMarked;
