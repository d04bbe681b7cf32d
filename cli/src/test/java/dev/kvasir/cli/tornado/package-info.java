/** Tests of starting Java with TornadoVM; none needs an SDK. */
@org.jspecify.annotations.NullMarked
package dev.kvasir.cli.tornado;
