/** Tests of the back end for TornadoVM, which run where there is an SDK. */
@org.jspecify.annotations.NullMarked
package dev.kvasir.runtime.tornadovm;
