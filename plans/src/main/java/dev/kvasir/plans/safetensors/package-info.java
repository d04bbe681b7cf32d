/**
 * Reading and writing safetensors files: model weights, traces and the tensors inside a plan.
 *
 * <p>A file is an unsigned 64-bit little-endian header length <i>n</i>, <i>n</i> bytes of UTF-8
 * JSON, and the data. The JSON object maps each tensor name to {@code {"dtype": "F32", "shape": [2,
 * 3], "data_offsets": [begin, end]}}, offsets counted from the first byte after the header; the
 * optional entry {@code __metadata__} maps strings to strings. The header may be padded with spaces
 * at its end. Values are little-endian and in row-major order.
 *
 * <p>A file is data from a stranger. {@link dev.kvasir.plans.safetensors.SafetensorsFile} accepts
 * it only when the tensors, taken by offset, cover the data exactly once, without hole, overlap or
 * rest, and every tensor's range is its shape times its element size. Everything else is a {@link
 * dev.kvasir.plans.safetensors.SafetensorsException} that names the file and the tensor.
 *
 * <p>Weights too large for one file lie in several, each whole by these rules, with a {@link
 * dev.kvasir.plans.safetensors.ShardIndex} that says which file has which tensor.
 */
@NullMarked
package dev.kvasir.plans.safetensors;

import org.jspecify.annotations.NullMarked;
