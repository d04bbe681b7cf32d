/**
 * A stand-in for the part of TornadoVM's API that emitted kernels name, so that they link and run
 * in plain Java. The names are TornadoVM's; the checks behind them are {@link
 * dev.kvasir.codegen.emit.tornado.device}.
 */
@NullMarked
package uk.ac.manchester.tornado.api;

import org.jspecify.annotations.NullMarked;
