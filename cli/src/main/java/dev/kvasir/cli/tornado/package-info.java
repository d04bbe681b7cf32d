/**
 * Starts Java with TornadoVM where a verb needs it. TornadoVM is there only in a virtual machine
 * that was started with the options in its SDK's argument file, so the command starts such a one,
 * with the same arguments, and passes on what it says.
 */
@org.jspecify.annotations.NullMarked
package dev.kvasir.cli.tornado;
