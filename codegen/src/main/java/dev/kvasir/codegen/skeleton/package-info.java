/**
 * The kernels every plan is made of: each skeleton is a block program with holes that technique
 * parts fill, written once for all targets, with the facts a check vector needs.
 */
@NullMarked
package dev.kvasir.codegen.skeleton;

import org.jspecify.annotations.NullMarked;
