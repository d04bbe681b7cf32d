#!/usr/bin/env python3
"""Times PyTorch's attention on the first GPU, at the shapes of the GPU suite, and writes JSON.

usage: gpu-sdpa.py FILE.json [--quick]

Ends with 3 and a reason on standard error where there is no PyTorch or no GPU.
"""

import json
import statistics
import sys


def absent(reason):
    print(reason, file=sys.stderr)
    sys.exit(3)


try:
    import torch
    import torch.nn.functional as functional
except ImportError as error:
    absent(f"{error}")
if not torch.cuda.is_available():
    absent("PyTorch finds no CUDA device")

QUERY_HEADS, KV_HEADS, DIM = 32, 8, 128
ROUNDS, REPEATS = 7, 16
LAYERS_BYTES = 512 << 20


def timed(operations):
    """Nanoseconds of one operation, the mean over all, by events around a recorded graph."""

    def run():
        for operation in operations:
            operation()

    run()
    torch.cuda.synchronize()
    try:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            run()
        replay = graph.replay
        replay()
        torch.cuda.synchronize()
    except RuntimeError:
        replay = run
    rounds = []
    for _ in range(ROUNDS):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        replay()
        end.record()
        torch.cuda.synchronize()
        rounds.append(1e6 * begin.elapsed_time(end) / len(operations))
    return rounds


def random(*shape):
    return torch.randn(*shape, dtype=torch.float16, device="cuda")


def grouped(query, key, value):
    return functional.scaled_dot_product_attention(query, key, value, enable_gqa=True)


def folded(query, key, value):
    """The query heads of a group as rows of one head, which every version can."""
    batch = query.shape[0]
    rows = query.view(batch, KV_HEADS, QUERY_HEADS // KV_HEADS, DIM)
    return functional.scaled_dot_product_attention(rows, key, value)


def decode(context, batch):
    size = 2 * batch * KV_HEADS * context * DIM * 2
    count = max(2, min(REPEATS, -(-LAYERS_BYTES // size)))
    layers = [
        (random(batch, KV_HEADS, context, DIM), random(batch, KV_HEADS, context, DIM))
        for _ in range(count)
    ]
    query = random(batch, QUERY_HEADS, 1, DIM)
    best = None
    for attend in (grouped, folded):
        try:
            rounds = timed(
                [
                    lambda layer=layers[i % count], attend=attend: attend(query, *layer)
                    for i in range(max(2, min(REPEATS, -(-(1 << 30) // size))))
                ]
            )
        except (RuntimeError, TypeError) as error:
            print(f"{attend.__name__}: {error}", file=sys.stderr)
            continue
        if best is None or statistics.median(rounds) < statistics.median(best):
            best = rounds
    return best


def prefill(context):
    query = random(1, QUERY_HEADS, context, DIM)
    key, value = random(1, QUERY_HEADS, context, DIM), random(1, QUERY_HEADS, context, DIM)
    return timed(
        [
            lambda: functional.scaled_dot_product_attention(query, key, value, is_causal=True)
            for _ in range(4)
        ]
    )


def copied():
    source = random(128 << 20)
    target = torch.empty_like(source)
    rounds = timed([lambda: target.copy_(source) for _ in range(4)])
    return 2 * source.nbytes * 1e9 / statistics.median(rounds)


def main():
    quick = "--quick" in sys.argv
    scenes = [(1024, 1)] if quick else [(32768, 1), (32768, 16), (131072, 1), (65536, 1)]
    cases = []

    def add(work, context, batch, rounds):
        if rounds is not None:
            cases.append(
                {
                    "work": work,
                    "format": "f16",
                    "context": context,
                    "batch": batch,
                    "nanos": rounds,
                }
            )

    with torch.inference_mode():
        bandwidth = copied()
        for context, batch in scenes:
            add("decode", context, batch, decode(context, batch))
            torch.cuda.empty_cache()
        rows = 1024 if quick else 4096
        add("prefill", rows, 1, prefill(rows))
    version = f"PyTorch {torch.__version__}, {torch.cuda.get_device_name(0)}"
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        json.dump({"absent": "", "version": version, "copied": bandwidth, "cases": cases}, file)


main()
