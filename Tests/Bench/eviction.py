#!/usr/bin/env python3
"""Hit ratios of eviction policies on a made trace: Zipf with drift, and one-time scans.

Usage: eviction.py [REQUESTS]. Everything follows from the seed. Time is the number of the request; ours evicts in batches,
from the high watermark down to the low one, as the janitor does, and knows of an image only when it came and when it was
last pulled.
"""
import bisect
import heapq
import random
import sys
from collections import OrderedDict, defaultdict, deque

SEED, UNIVERSE, CAPACITY, EXPONENT = 14, 20_000, 1_000, 0.9
DRIFT_EVERY, DRIFT_SHARE = 10_000, 0.01
SCAN_EVERY, SCAN_LENGTH = 10_000, 2_500


def trace(requests):
    chance = random.Random(SEED)
    weights = [1 / (rank + 1) ** EXPONENT for rank in range(UNIVERSE)]
    total, sums = 0.0, []
    for weight in weights:
        total += weight
        sums.append(total)
    images = list(range(UNIVERSE))
    chance.shuffle(images)
    fresh = UNIVERSE
    made = []
    while len(made) < requests:
        if len(made) % DRIFT_EVERY == 0:
            for _ in range(int(UNIVERSE * DRIFT_SHARE)):
                left, right = chance.randrange(UNIVERSE), chance.randrange(UNIVERSE)
                images[left], images[right] = images[right], images[left]
        if len(made) % SCAN_EVERY == SCAN_EVERY // 2:
            made.extend(range(fresh, fresh + SCAN_LENGTH))
            fresh += SCAN_LENGTH
            made.extend(images[bisect.bisect(sums, chance.random() * total)] for _ in range(SCAN_EVERY - SCAN_LENGTH - SCAN_EVERY // 2))
        else:
            made.append(images[bisect.bisect(sums, chance.random() * total)])
    return made[:requests]


def lru(made):
    held, hits = OrderedDict(), 0
    for image in made:
        if image in held:
            hits += 1
            held.move_to_end(image)
        else:
            held[image] = True
            if len(held) > CAPACITY:
                held.popitem(last=False)
    return hits


def lfu(made):
    held, heap, hits = {}, [], 0
    for now, image in enumerate(made):
        if image in held:
            hits += 1
            held[image] = (held[image][0] + 1, now)
        else:
            while len(held) >= CAPACITY:
                count, last, old = heapq.heappop(heap)
                if held.get(old) == (count, last):
                    del held[old]
            held[image] = (1, now)
        heapq.heappush(heap, (*held[image], image))
    return hits


def s3fifo(made):
    small, main, ghost = deque(), deque(), OrderedDict()
    freq, where, hits = defaultdict(int), {}, 0
    limit = CAPACITY // 10
    for image in made:
        if image in where:
            hits += 1
            freq[image] = min(3, freq[image] + 1)
            continue
        while len(where) >= CAPACITY:
            if len(small) > limit or not main:
                old = small.popleft()
                if freq[old] > 0:
                    main.append(old)
                    where[old] = 1
                    freq[old] = 0
                else:
                    del where[old]
                    ghost[old] = True
                    if len(ghost) > CAPACITY:
                        ghost.popitem(last=False)
            else:
                old = main.popleft()
                if freq[old] > 0:
                    freq[old] -= 1
                    main.append(old)
                else:
                    del where[old]
        freq[image] = 0
        if image in ghost:
            del ghost[image]
            main.append(image)
        else:
            small.append(image)
        where[image] = 1
    return hits


def sieve(made):
    order, visited, hits, hand = [], {}, 0, None
    nxt, prv, head, tail = {}, {}, None, None
    for image in made:
        if image in visited:
            hits += 1
            visited[image] = True
            continue
        if len(visited) >= CAPACITY:
            at = hand if hand is not None else tail
            while visited[at]:
                visited[at] = False
                at = prv[at] if prv[at] is not None else tail
            hand = prv[at]
            p, n = prv.pop(at), nxt.pop(at)
            if p is not None: nxt[p] = n
            else: head = n
            if n is not None: prv[n] = p
            else: tail = p
            del visited[at]
        prv[image], nxt[image] = None, head
        if head is not None: prv[head] = image
        head = image
        if tail is None: tail = image
        visited[image] = False
    return hits


def belady(made):
    later, coming = [0] * len(made), {}
    for now in range(len(made) - 1, -1, -1):
        later[now] = coming.get(made[now], len(made) * 2)
        coming[made[now]] = now
    held, heap, hits = {}, [], 0
    for now, image in enumerate(made):
        if image in held:
            hits += 1
        elif len(held) >= CAPACITY:
            while True:
                far, old = heapq.heappop(heap)
                if held.get(old) == -far:
                    del held[old]
                    break
        held[image] = later[now]
        heapq.heappush(heap, (-later[now], image))
    return hits


def ours(made, probation=0.1, high=0.95, low=0.85, gap=0, batch=True):
    came, last, hits = {}, {}, 0
    top = int(CAPACITY * (high if batch else 1))
    floor = int(CAPACITY * (low if batch else 1))
    for now, image in enumerate(made):
        if image in came:
            hits += 1
            last[image] = now
            continue
        came[image] = last[image] = now
        if len(came) <= top:
            continue
        order = sorted(came, key=lambda i: last[i])
        once = [i for i in order if last[i] - came[i] <= gap]
        keep = int(CAPACITY * probation)
        gone = once[: max(0, min(len(once) - keep, len(came) - floor))]
        for i in gone:
            del came[i], last[i]
        if len(came) > floor:
            for i in [i for i in order if i in came][: len(came) - floor]:
                del came[i], last[i]
    return hits


if __name__ == "__main__":
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    made = trace(requests)
    print(f"{len(made)} requests, {len(set(made))} images, room for {CAPACITY}")
    rows = [("LRU", lru), ("LFU", lfu), ("S3-FIFO", s3fifo), ("SIEVE", sieve),
            ("LRU in batches", lambda m: ours(m, probation=1)),
            ("ours", ours), ("ours with a fifth on trial", lambda m: ours(m, 0.2)),
            ("Belady's optimum", belady)]
    for name, policy in rows:
        print(f"| {name} | {100 * policy(made) / len(made):.1f} % |", flush=True)
