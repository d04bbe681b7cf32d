package dev.kvasir.plans;

import dev.kvasir.plans.PlanException.Reason;
import java.util.ArrayList;
import java.util.List;

/** Plans whose buffers are not what they say. */
final class HostileMemoryCases {

  private final List<HostileCase> cases = new ArrayList<>();

  private HostileMemoryCases() {}

  static List<HostileCase> all() {
    HostileMemoryCases all = new HostileMemoryCases();
    all.addMemory();
    return all.cases;
  }

  private void memory(String name, String from, String to, String problem) {
    cases.add(
        new HostileCase(
            name, Reason.MALFORMED, problem, () -> HostileCase.json(PlanFormat.MEMORY, from, to)));
  }

  private void addMemory() {
    memory(
        "a buffer below 0",
        "\"elements\" : \"max_span * 8\"",
        "\"elements\" : \"0 - 8\"",
        "elements: error[KV6006]: expected 1 to 2147483647, got -8");
    memory(
        "a buffer without end",
        "\"elements\" : \"max_span * 8\"",
        "\"elements\" : \"max_span * 90000000000\"",
        "expected 1 to 2147483647");
    memory(
        "an overflow",
        "\"elements\" : \"max_span * 8\"",
        "\"elements\" : \"max_span * 9000000000000000000\"",
        "overflow");
    memory(
        "a division by 0",
        "\"elements\" : \"max_span * 8\"",
        "\"elements\" : \"floordiv(8, context - 200)\"",
        "division by less than 1");
    memory(
        "scratch that shares bytes in use",
        "\"offset\" : 512",
        "\"offset\" : 448",
        "expected bytes of its own");
    memory(
        "scratch beyond its slab",
        "\"offset\" : 4608",
        "\"offset\" : 4672",
        "within the slab's 4672");
    memory(
        "scratch before its slab",
        "\"offset\" : 4608",
        "\"offset\" : -64",
        "expected a multiple of 64, got -64");
    memory(
        "scratch whose end overflows",
        "\"offset\" : 4608",
        "\"offset\" : 9223372036854775744",
        "within the slab's");
    memory(
        "scratch out of line",
        "\"offset\" : 4608",
        "\"offset\" : 4609",
        "expected a multiple of 64");
    memory(
        "a slab below 0",
        "\"512 + max_span * 32 + 64\"",
        "\"0 - 1\"",
        "scratch_bytes: error[KV6006]: expected 0 to");
    memory(
        "a slab without end",
        "\"512 + max_span * 32 + 64\"",
        "\"9223372036854775807\"",
        "scratch_bytes: error[KV6006]: expected 0 to");
    memory(
        "a pool too small for its segments",
        "\"elements\" : \"7 * 1024\"",
        "\"elements\" : \"6 * 1024\"",
        "expected room for");
    memory(
        "a page table too small",
        "\"elements\" : \"7\"",
        "\"elements\" : \"6\"",
        "segment layer.1.ring: table");
    memory("bytes that are not true", "4), 2) + 28\"", "4), 2) + 27\"", "kv_bytes");
    memory("bytes below 0", "\"4096 * min(ceildiv", "\"0 - 4096 * min(ceildiv", "kv_bytes");
    memory(
        "a derived tensor of another shape",
        "\"elements\" : \"8\"",
        "\"elements\" : \"9\"",
        "expected a tensor norm.folded of 9 elements of F32");
    memory(
        "a derived tensor that is not there",
        "\"tensor\" : \"norm.folded\"",
        "\"tensor\" : \"norm.gone\"",
        "expected a tensor norm.gone");
    memory(
        "a tensor without a name",
        "\"tensor\" : \"embed.weight\"",
        "\"tensor\" : \"\"",
        "expected the name of a tensor, got none");
    memory(
        "a buffer twice",
        "\"name\" : \"next\"",
        "\"name\" : \"logits\"",
        "buffer logits: error[KV6006]: expected one of that name, got two");
    memory(
        "no room for the tokens of a span",
        "\"elements\" : \"max_span\"",
        "\"elements\" : \"max_span - 1\"",
        "expected scratch of at least 128 elements of i32, got 127");
    memory(
        "no room for the logits",
        "\"elements\" : \"32\"",
        "\"elements\" : \"31\"",
        "expected scratch of at least 32 elements of f32, got 31");
    memory(
        "no next token",
        "\"name\" : \"next\"",
        "\"name\" : \"last\"",
        "expected a declared buffer, got next");
    memory(
        "a kind of memory that there is not",
        "\"kind\" : \"pool\"",
        "\"kind\" : \"process\"",
        "expected a kind of buffer");
    memory(
        "a buffer name that hides text",
        "\"name\" : \"embedding\"",
        "\"name\" : \"\\u202eembedding\"",
        "expected printable text");
  }
}
