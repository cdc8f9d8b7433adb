"""many-manifests.py PORT PID CLIENTS SECONDS: that many clients push a manifest of 3.9 MiB each, all at once, for so long.

Prints what became of it: answers by status, the lowest Retry-After, and the server's resident memory before and at most.
"""
import asyncio
import json
import sys

PORT, PID, CLIENTS, SECONDS = (int(argument) for argument in sys.argv[1:5])


def memory(field):
    with open(f"/proc/{PID}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(field)) * 1024


# Some small members and a large one.
annotations = {f"key-{number}": "value" for number in range(2_000)}
annotations["large"] = ""
manifest = {
    "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [],
    "annotations": annotations,
}
annotations["large"] = "x" * (int(3.9 * (1 << 20)) - len(json.dumps(manifest)))
body = json.dumps(manifest).encode()


async def push(number):
    # Told to wait, a client comes again, as clients do.
    for _ in range(100):
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT, limit=1 << 16)
        try:
            writer.write(
                f"PUT /v2/local/many{number}/manifests/v1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                f"Content-Type: {manifest['mediaType']}\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            writer.write(body)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        except (ConnectionError, asyncio.IncompleteReadError):
            statuses["broken"] = statuses.get("broken", 0) + 1
            continue
        finally:
            writer.close()
        status = head.split(" ")[1]
        statuses[status] = statuses.get(status, 0) + 1
        if status not in ("429", "503"):
            return
        after = [line for line in head.split("\r\n") if line.startswith("retry-after: ")]
        if not after:
            statuses["without Retry-After"] = statuses.get("without Retry-After", 0) + 1
        await asyncio.sleep(int(after[0].split()[1]) if after else 1)


async def run():
    # Those that are not done by then have had their effect on the memory.
    tasks = [asyncio.create_task(push(number)) for number in range(CLIENTS)]
    await asyncio.wait(tasks, timeout=SECONDS)
    for task in tasks:
        task.cancel()


statuses = {}
idle = memory("VmRSS")
asyncio.run(run())
print(json.dumps({"statuses": statuses, "idle": idle, "peak": memory("VmHWM")}))
