"""chunk-boundaries.py SERVER_PORT FRONT_PORT: where do the server and a proxy in front of it see a request's end?

Sends requests with a chunked body, each with one or two bytes changed, and a second request right behind, to the server
itself and through the proxy. Prints how often each pair of outcomes was seen, and the dangerous ones: where one of them
answers two requests and the other waits for more of the first.
"""
import asyncio
import collections
import json
import sys

SERVER, FRONT = int(sys.argv[1]), int(sys.argv[2])
HEAD = (
    b"PUT /v2/local/x/manifests/v1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n")
NEXT = b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
BODY = b'2;a="b";c\r\nhi\r\n0\r\nT: x\r\n\r\n'
BYTES = bytes([0, 1, 8, 9, 10, 11, 12, 13, 27, 31, 32, 127, 128, 255]) + b'019aAfgGxX;:="\\\'(,-+_.@[{/<'
PAIRS = [b"\r\r", b"\n\n", b"\r\n", b"\n\r", b"\0\n", b"\r;", b"\n;", b" \n", b"\t\r", b"0\n", b"0\r", b"\x0b\n", b"; ", b"=\r"]


def variants():
    for position in range(len(BODY) + 1):
        for extra in [bytes([byte]) for byte in BYTES] + PAIRS:
            yield BODY[:position] + extra + BODY[position:]
            yield BODY[:position] + extra + BODY[position + len(extra):]


async def outcome(port, body):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    data = b""
    waits = False
    try:
        writer.write(HEAD + body + NEXT)
        while True:
            piece = await asyncio.wait_for(reader.read(65536), 0.5)
            if not piece:
                break
            data += piece
    except asyncio.TimeoutError:
        waits = True
    except ConnectionError:
        pass
    finally:
        writer.close()
    answers = data.count(b"HTTP/1.1 ")
    # The second is answered with 200 and nothing else is.
    if answers == 2 and b"HTTP/1.1 200 " in data:
        return "two"
    return "waits" if waits else "refused"


async def run():
    limit = asyncio.Semaphore(48)

    async def compare(body):
        async with limit:
            pair = await asyncio.gather(outcome(SERVER, body), outcome(FRONT, body))
        # A busy machine may look as if it waited.
        if sorted(pair) == ["two", "waits"]:
            async with limit:
                pair = [await outcome(SERVER, body), await outcome(FRONT, body)]
        counts[" ".join(pair)] += 1
        if sorted(pair) == ["two", "waits"]:
            dangerous.append([body.decode("latin-1"), *pair])

    await asyncio.gather(*(compare(body) for body in set(variants())))


counts = collections.Counter()
dangerous = []
asyncio.run(run())
valid = asyncio.run(outcome(SERVER, BODY)), asyncio.run(outcome(FRONT, BODY))
print(json.dumps({"counts": counts, "dangerous": dangerous, "valid": valid}))
