/** Tests that what the compiler writes is what the class verifier accepts. */
@NullMarked
package dev.kvasir.codegen.verify;

import org.jspecify.annotations.NullMarked;
