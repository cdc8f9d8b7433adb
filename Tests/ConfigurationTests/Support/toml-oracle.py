#!/usr/bin/env python3
"""Texts that are nearly TOML, each with what Python's tomllib makes of it: `toml-oracle.py SEED COUNT FILE...`.

One line a text: the text in hexadecimal, a tab, and `-` where it is refused, else its value in a form that has one
spelling only (see TOMLOracleTests). The files are what is mutated, beside texts made of TOML's own pieces.
"""
import datetime, random, struct, sys, tomllib

PIECES = """a b.c "q k" 'l' = = = 1 +1 -0 01 0x1f 0o17 0b101 1_000 1__0 _1 1_ 0.5 1. .5 1e5 1e+05 1_e5 -1.5E-3 inf -inf nan +nan
true false TRUE "s" "" "\\n\\t" "\\u00e9" "\\U0001F600" "\\ud800" "\\x" 's' '' '''m''' \"\"\"m\"\"\" \"\"\"\"\"\"\" ''''''' [ ] [[ ]] { } , , . #c
1979-05-27 07:32:00 07:32:00.5 1979-05-27T07:32:00Z 1979-05-27T07:32:00.25-07:00 1979-02-30 24:00:00 9223372036854775807
9223372036854775808 [a] [b.c] [[a]] [[b.c]] [a.b] [[a.b]] a.b=1 b.c=2 a={} a={b=1} a={b.c=1,b.d=2} a=[1,2,] a=[{b=1}] é""".split()
GLUE = ["", "", " ", "\n", "\n", "\t", "\r\n", "\r", "\x00", "\x7f", "\\", "\"", "'", "\"\"\"\n", "\\\n  "]


def canonical(value):
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode())
        return "{" + ",".join(f"{key.encode().hex()}={canonical(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, bool):
        return f"b:{str(value).lower()}"
    if isinstance(value, int):
        return f"i:{value}"
    if isinstance(value, float):
        return "f:nan" if value != value else "f:" + struct.pack(">d", value).hex()
    if isinstance(value, str):
        return "s:" + value.encode().hex()
    assert isinstance(value, (datetime.date, datetime.time, datetime.datetime))
    return "d"


def mutated(source, bytes_):
    for _ in range(source.choice((1, 1, 2, 3, 8))):
        at = source.randrange(len(bytes_) + 1)
        match source.randrange(6):
            case 0: bytes_[at:at] = bytes([source.randrange(256)])
            case 1: bytes_[at:at] = source.choice(PIECES).encode()
            case 2: bytes_[at:at] = source.choice(GLUE).encode()
            case 3: del bytes_[at:at + source.choice((1, 1, 2, 20))]
            case 4:
                start = source.randrange(len(bytes_) + 1)
                bytes_[at:at] = bytes_[start:start + source.choice((1, 5, 60))]
            case 5: del bytes_[at:]
    return bytes_


def text(source, corpus):
    if source.random() < 0.4 and corpus:
        return bytes(mutated(source, bytearray(source.choice(corpus))))
    pieces = (source.choice(PIECES) + source.choice(GLUE) for _ in range(source.randrange(1, 14)))
    made = "".join(pieces).encode()
    return made if source.random() < 0.7 else bytes(mutated(source, bytearray(made)))


def main():
    source = random.Random(int(sys.argv[1]))
    corpus = []
    for name in sys.argv[3:]:
        content = open(name, "rb").read()
        # Parts of it, since one mistake at the top would hide all below.
        lines = content.splitlines(keepends=True)
        corpus += [b"".join(lines[at:at + 12]) for at in range(0, max(len(lines), 1), 6)]
    sys.setrecursionlimit(10_000)
    for _ in range(int(sys.argv[2])):
        made = text(source, corpus)
        try:
            verdict = canonical(tomllib.loads(made.decode()))
        except (ValueError, RecursionError):  # UnicodeDecodeError and TOMLDecodeError are both of the first
            verdict = "-"
        print(made.hex(), verdict, sep="\t")


main()
