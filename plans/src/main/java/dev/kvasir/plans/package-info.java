/**
 * What crosses the wall between compiler and runtime: the plan file and what is in it.
 *
 * <p>This page specifies the plan file, format version 1.0, name ending {@code .kvplan}. {@link
 * dev.kvasir.plans.PlanWriter} writes it, {@link dev.kvasir.plans.PlanReader} reads it, {@link
 * dev.kvasir.plans.PlanChecker} checks what it says, {@link dev.kvasir.plans.PlanException} lists
 * the ways to refuse it.
 *
 * <h2>Container</h2>
 *
 * <p>A zip file in exactly one form, so that equal entries give equal bytes and a change of any
 * byte is detected: entries stored without compression, {@code manifest.json} first and the others
 * by ascending name, times at 1980-01-01 00:00, no flags, no extra fields, no comments, no gaps,
 * nothing after the end record. Any zip tool lists and extracts it; a file that another zip tool
 * wrote is no plan. Names are parts of letters, digits, {@code _}, {@code .} and {@code -}, joined
 * by {@code /}; no part begins with a dot.
 *
 * <h2>Entries</h2>
 *
 * <table>
 * <caption>Entries of a plan</caption>
 * <tr><th>name</th><th>holds</th></tr>
 * <tr><td>{@code manifest.json}</td><td>what the plan is; size and SHA-256 of every other entry. Its
 * own SHA-256 is the hash of the plan</td></tr>
 * <tr><td>{@code program.json}</td><td>kernels, segments, procedures, rules</td></tr>
 * <tr><td>{@code memory.json}</td><td>buffers and what a session allocates</td></tr>
 * <tr><td>{@code kernels/jvm/BITS/KERNEL.class}</td><td>target {@code jvm}: the class of each kernel
 * for vectors of 128, 256 and 512 bits, called as {@link dev.kvasir.plans.abi.JvmKernelAbi}
 * says</td></tr>
 * <tr><td>{@code kernels/tornado/KERNEL.class}</td><td>target {@code tornado}: the class of each
 * kernel, called as {@link dev.kvasir.plans.abi.TornadoKernelAbi} says</td></tr>
 * <tr><td>{@code checks.safetensors}</td><td>inputs and results of each kernel's check, see {@link
 * dev.kvasir.plans.CheckVectors}</td></tr>
 * <tr><td>{@code weights.safetensors}</td><td>derived tensors; present when a buffer is bound to
 * one</td></tr>
 * <tr><td>others</td><td>text for people, for example {@code graph.kvir}</td></tr>
 * </table>
 *
 * <p>The model's own weights are not in the plan. They are bound by name; the manifest has the
 * fingerprint of the model they must come from.
 *
 * <h2>JSON</h2>
 *
 * <p>UTF-8. Every field below is required ({@code full_hash} and {@code rope_scaling} alone are
 * optional, and the tokenizer's {@code sha256} stands with kind {@code huggingface} alone), of the
 * type shown and named once; unknown fields are refused unless the file's minor version is newer
 * than the reader's. Fields mean what the record components of the same name say: {@link
 * dev.kvasir.plans.Manifest}, {@link dev.kvasir.plans.program.Program}, {@link
 * dev.kvasir.plans.memory.MemoryPlan}. Expressions are texts in the grammar of {@link
 * dev.kvasir.plans.program.Expression}; element formats are {@code f32}, {@code bf16}, {@code f16},
 * {@code i32} and, of codes, {@code u8} and {@code u4}. A segment has {@code packing} where its
 * closed pages are codes, {@code chosen} where its rows were chosen, and {@code means} where a row
 * stands for those that it dropped; a program has {@code marks} where it sets some and {@code
 * settings} where sessions have some. A mark has {@code initial} where that is not 0, and a step
 * that sets one has {@code when} where it does so under a condition.
 *
 * <pre>{@code
 * manifest.json
 * { "format": {"major": 1, "minor": 0},
 *   "compiler": "0.1.0", "target": "jvm", "features": ["format.bf16"],
 *   "model": { "name": "needle", "fingerprint": "<64 hex>", "full_hash": "<64 hex>",
 *              "path_hint": "../models/needle", "layers": 4, "query_heads": 8, "kv_heads": 2,
 *              "key_dim": 32, "value_dim": 32, "vocabulary": 256, "softmax_scale": 0.17677669,
 *              "rope_theta": 10000.0, "rope_style": "half",
 *              "rope_scaling": "linear(factor = 4.0)", "end_tokens": [0] },
 *   "tokenizer": {"kind": "huggingface", "sha256": "<64 hex>"},
 *   "policy": {"name": "full", "text": "policy full {}", "sha256": "<64 hex>", "resolved": "{}"},
 *   "context": 4096, "span": 4096, "page_rows": 64, "tiles": {"rows-per-split": 512},
 *   "entries": [ {"name": "checks.safetensors", "bytes": 1024, "sha256": "<64 hex>"} ] }
 *
 * program.json
 * { "kernels": [ { "name": "append", "summary": "writes keys and values to pages",
 *       "arguments": [ {"name": "pages", "format": "f32", "written": true, "read": false} ],
 *       "dims": ["position"], "axes": 1, "tile_floats": 0, "tile_ints": 0,
 *       "tiles": {},
 *       "check": {"grid": [1], "dims": [0], "elements": [4096]} } ],
 *   "segments": [ { "name": "layer.0.full", "layer": 0, "heads": [0, 1], "format": "f32",
 *       "key_dim": 32, "value_dim": 32, "pool": "pages", "table": "page_table",
 *       "table_offset": 0, "slots": 64, "rows": "tokens", "first_position": "0", "window": 0,
 *       "packing": { "key": {"codes": "u8", "per": "channel", "group": 64},
 *                    "value": {"codes": "u4", "per": "token", "group": 32},
 *                    "key_pool": "key_codes", "value_pool": "value_codes",
 *                    "scale_pool": "scales" },
 *       "chosen": { "positions": "kept_positions", "positions_offset": 0,
 *                   "positions_stride": 2048, "counts": "kept_counts", "counts_offset": 0,
 *                   "counts_stride": 1 },
 *       "means": { "buffer": "compensation_rows", "offset": 0 } } ],
 *   "procedures": [ { "name": "step", "steps": [
 *       {"launch": "append", "label": "layer.0 append", "grid": ["span"],
 *        "buffers": ["pages"], "dims": ["position"]},
 *       {"call": "close_page"},
 *       {"observe": "layer.0.q", "buffer": "queries", "rows": "span", "heads": 8,
 *        "columns": 32, "drop_columns": false},
 *       {"require": "overflows", "elements": "span",
 *        "message": "a step does not fit f16; store keys in another format"},
 *       {"mark": "selected_512"} ] } ],
 *   "rules": [ {"when": "mod(tokens, 64) == 0", "call": "close_page"},
 *              {"when": "tokens - selected_512 == 512", "call": "select"} ],
 *   "marks": [ {"name": "selected_512", "most": 512} ],
 *   "settings": [ {"name": "task", "values": ["localization", "aggregation"],
 *       "prompt": {"tokens": [30, 949], "reach": 256, "found": 0, "otherwise": 1}} ] }
 *
 * memory.json
 * { "buffers": [ { "name": "queries", "kind": "scratch", "format": "f32",
 *       "elements": "max_span * 256", "first_use": 2, "last_use": 5, "offset": 16384,
 *       "tensor": "" } ],
 *   "kv_bytes": "32768 * ceildiv(tokens, 64) + 512", "scratch_bytes": "1048576" }
 * }</pre>
 *
 * <p>Kinds of buffers are {@code weight}, {@code derived}, {@code pool}, {@code table}, {@code
 * state} and {@code scratch}.
 *
 * <h2>Pages</h2>
 *
 * <p>A page holds 64 rows of one KV head. In a pool, page p begins at element p * 64 * (key_dim +
 * value_dim). First come the keys, then the values; {@link PageLayout} says where each element of a
 * page lies: {@link PageLayout#streamed} in segments without a packing, {@link PageLayout#plain} in
 * the open pages of the others. Row r of a segment lies in its logical page r / 64 at row r mod 64;
 * {@link dev.kvasir.plans.program.SegmentDeclaration} says where the page table has that page.
 *
 * <p>A segment with a packing keeps full pages as codes, each in three pools under one page number,
 * see {@link dev.kvasir.plans.program.Packing}: codes of keys and codes of values, element for
 * element as in a plain page, and an f16 page of steps and mins. A code stands for {@code step *
 * code + min}; {@link dev.kvasir.plans.program.PackedFormat} has the rule that chooses them, {@link
 * dev.kvasir.plans.PackedCodes} the place of a code. The rows after the last full page lie in the
 * head's open page, in the segment's own format. A prefill from p to t tokens, with R(x) rows at x
 * tokens, packs the pages that it closes before its last row, floor(R(p) / 64) to floor((R(t) - 1)
 * / 64) - 1, and leaves 1 to 64 rows in the open page; a step writes its row there; and when R(t)
 * is a multiple of 64, a rule packs the open page. So between two runs floor(R / 64) pages are
 * closed, of which the last {@code slots} are there, and the open page holds R mod 64 rows.
 *
 * <h2>Chosen rows</h2>
 *
 * <p>What a session keeps from run to run beside its rows lies in buffers of kind {@code state}:
 * zero when it opens, copied by a fork, counted whole in {@code kv_bytes}. A segment may hold rows
 * chosen from all; {@link dev.kvasir.plans.program.SegmentDeclaration.Chosen} says where the state
 * has their positions and numbers. Its {@code rows} are those that each head has room for. Of a
 * packed one, with c rows of a head, the first 64 * floor(c / 64) are codes.
 *
 * <p>When rows were last chosen is a {@link dev.kvasir.plans.program.Program.Mark}, a counter of
 * true tokens: {@code prefill} sets it at the end of each span, and a rule when it is {@code most}
 * tokens old. A mark may have a first value, {@code initial}; {@code prefill} then sets it only
 * {@code when} it is {@code most} tokens old or more, and until then rows that are to be chosen
 * come one after the other. Then rows may become fewer: a run has the pages of all rows that a
 * segment holds before it, in it and after its rules, and those beyond the last are given back. The
 * rows since then are a segment of their own, {@code tokens - MARK} of them from position {@code
 * MARK} on.
 *
 * <h2>Directions</h2>
 *
 * <p>Two segments of different layers may be one in memory: rows that are directions, which each
 * reads with norms of its own. The rows have pages beside them, see {@link
 * dev.kvasir.plans.program.Beside}: of f16 norms, or, where rows are some of all, of their i32
 * positions. In {@code program.json} such a segment has {@code "norms": {"pool": "norms",
 * "table_offset": 64, "key_norms": 128, "value_norms": 192, "shares": "layer.0.shared"}}, the last
 * only where the rows are those of another segment, or {@code "positions": {"pool": "positions",
 * "table_offset": 64}}. The rows with norms may be chosen ones. Those with positions are then
 * chosen from them, and their own numbers lie in state: {@code "positions": {"pool": "positions",
 * "table_offset": 64, "counts": "kept_counts", "counts_offset": 2, "counts_stride": 1}}.
 *
 * <h2>Means of dropped rows</h2>
 *
 * <p>The state may also hold, for each head of a segment that reuses its pages, the mean key and
 * the mean value of the rows that are gone, as {@link
 * dev.kvasir.plans.program.SegmentDeclaration.Means} says. How many are gone follows from the rows
 * and slots of the segment.
 *
 * <h2>Settings</h2>
 *
 * <p>Steps and rules may depend on a {@link dev.kvasir.plans.program.Program.Setting}, a number
 * that stands for one of a few words. A session has it from whoever opened it, or from a rule over
 * the tokens of each prompt: all that one call reads, before the first of its spans runs. A fork
 * begins with what the session had. Rows of segments, bytes and elements of buffers do not depend
 * on it.
 *
 * <h2>Versions</h2>
 *
 * <p>A reader reads its own major version. Another one is refused by name, older or newer, before
 * anything else in the manifest is looked at. A newer minor version only adds what older readers
 * may ignore; what they may not ignore it names in {@code features}.
 *
 * <h2>Limits</h2>
 *
 * <p>{@link dev.kvasir.plans.PlanFormat} has the sizes: 10,000 entries, 16 MiB for a JSON entry, 1
 * GiB for another, just under 4 GiB for the file. JSON has at most 2^20 tokens and nests to 32
 * levels. There are at most 20,000 buffers, 2^20 steps and buffers of steps in all procedures, each
 * with all it calls, and 16 levels of calls. A buffer has at most 2^31 - 1 elements, a context at
 * most 2^28 tokens. Expressions are bounded in length and nesting, and must have values in range
 * for every position and span within the context, which must be found out in a bounded number of
 * operations.
 *
 * <h2>What reading proves, and what it does not</h2>
 *
 * <p>A plan is data from a stranger. After reading, the file is known to be whole and consistent:
 * names resolve and can be shown to people, calls form no cycle and are bounded in number, every
 * expression has a value in range for every span, a launch has at most one sequence and fewer than
 * 2^31 points, what is shown lies within its buffer, scratch buffers that share bytes are never in
 * use together, segments have page tables, which no kernel writes, and pools of their own that are
 * large enough. Marks are set where their age shows to be bounded, and expressions hold for all
 * ages up to that and all values of settings. Lists of chosen rows have room for all rows. That
 * rows never shrink, except where a mark is set, and that {@code kv_bytes} is what the segments
 * hold is shown at up to some 8,000 numbers of tokens, around the borders of pages, and with marks
 * at some 10,000 pairs of those with ages.
 *
 * <p>Before a kernel class of a {@code jvm} plan is defined, {@link
 * dev.kvasir.plans.verify.KernelClassVerifier} has accepted all of them: they name nothing but
 * arithmetic and the buffers that they are given, and their loops and calls end. The Java virtual
 * machine then shows that types fit, each access that it lies within its buffer, and a buffer that
 * a kernel does not declare as written is lent to it read-only.
 *
 * <p>Not proved is who wrote the plan; that kernels compute what their summaries say, of which
 * their checks are an example; that they end soon, since loops within loops that end can outlast
 * anyone; that two grid points do not write the same element; and anything of the classes of a
 * {@code tornado} plan, which are not verified and check no bounds: a runtime runs them only where
 * {@link TrustedPlans} has the plan or the user says so. Kernels of that target take a bounded
 * number of buffers, none of bf16; a weight in f32 may be bound to a tensor of bf16, whose elements
 * are then widened.
 *
 * <h2>History</h2>
 *
 * <dl>
 *   <dt>1.0
 *   <dd>first version
 * </dl>
 */
@NullMarked
package dev.kvasir.plans;

import org.jspecify.annotations.NullMarked;
