"""What the soak's servers depend on, and how it fails: an upstream, and gates before Redis and S3."""

import asyncio
import hashlib
import json
import random

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Image:
    """A manifest, its configuration and layers of bytes that follow from a number."""

    def __init__(self, number):
        dice = random.Random(number)
        layers = [dice.randbytes(int(2 ** dice.uniform(11, 20))) for _ in range(dice.randint(1, 3))]
        config = json.dumps({
            "architecture": "amd64", "os": "linux", "number": number,
            "rootfs": {"type": "layers", "diff_ids": [digest(layer) for layer in layers]},
        }).encode()
        self.blobs = {digest(data): data for data in [config, *layers]}
        self.manifest = json.dumps({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, "digest": digest(config), "size": len(config)},
            "layers": [{"mediaType": LAYER, "digest": digest(layer), "size": len(layer)} for layer in layers],
        }).encode()
        self.digest = digest(self.manifest)


class Upstream:
    """A registry whose tags move, and which fails as it is told: slow, 503, 429, cut, wrong, silent."""

    def __init__(self, names):
        self.mode = "good"
        self.images, self.blobs, self.ever = {}, {}, {}
        self.counts = {}
        for number, name in enumerate(names):
            self.publish(name, number)

    def publish(self, name, number):
        image = Image(number)
        self.images[name] = image
        self.blobs.update({**image.blobs, image.digest: image.manifest})
        self.ever.setdefault(name, set()).add(image.digest)

    async def serve(self, reader, writer):
        try:
            while line := await reader.readline():
                method, path, _ = line.decode().split(" ", 2)
                fields = {}
                while (field := (await reader.readline()).strip()):
                    name, _, value = field.decode().partition(":")
                    fields[name.lower()] = value.strip()
                if not await self.answer(writer, method, path, fields):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()

    async def answer(self, writer, method, path, fields):
        mode = self.mode
        self.counts[mode] = self.counts.get(mode, 0) + 1
        if mode == "slow":
            await asyncio.sleep(random.uniform(0.2, 2))
        if mode == "silent":
            await asyncio.sleep(30)
            return False
        if mode in ("503", "429"):
            writer.write(f"HTTP/1.1 {mode} No\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
            return True
        parts = path.split("?")[0].strip("/").split("/")
        data, kind = None, "application/octet-stream"
        if len(parts) >= 4 and parts[-2] == "manifests":
            kind, name = MANIFEST, "/".join(parts[1:-2])
            if parts[-1].startswith("sha256:"):
                data = self.blobs.get(parts[-1])
            elif name in self.images:
                data = self.images[name].manifest
        elif len(parts) >= 4 and parts[-2] == "blobs":
            data = self.blobs.get(parts[-1])
        elif parts == ["v2"]:
            data, kind = b"{}", "application/json"
        if data is None:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return True
        status, more = "200 OK", ""
        whole = digest(data)
        if (wanted := fields.get("range", "")).startswith("bytes="):
            first, _, last = wanted[6:].partition("-")
            if first:
                end = min(int(last) if last else len(data) - 1, len(data) - 1)
                more = f"Content-Range: bytes {first}-{end}/{len(data)}\r\n"
                status, data = "206 Partial Content", data[int(first):end + 1]
        writer.write(
            f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n{more}"
            f"Docker-Content-Digest: {whole}\r\n\r\n".encode())
        if method == "HEAD":
            await writer.drain()
            return True
        if mode == "wrong" and len(data) > 10:
            data = data[:-1] + bytes([data[-1] ^ 1])
        if mode == "cut":
            writer.write(data[:len(data) // 2])
            await writer.drain()
            return False
        writer.write(data)
        await writer.drain()
        return True


class Gate:
    """A TCP proxy that lets through, refuses, cuts or holds up what goes to a port."""

    def __init__(self, target):
        self.target, self.mode, self.open = target, "through", set()

    def set(self, mode):
        self.mode = mode
        if mode in ("refuse", "cut"):
            for writer in list(self.open):
                writer.transport.abort()

    async def serve(self, reader, writer):
        if self.mode in ("refuse", "cut"):
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        self.open |= {writer, back}
        try:
            await asyncio.gather(self.copy(reader, back), self.copy(there, writer))
        finally:
            self.open -= {writer, back}
            writer.close()
            back.close()

    async def copy(self, reader, writer):
        try:
            while data := await reader.read(1 << 16):
                while self.mode == "stall":
                    await asyncio.sleep(0.1)
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            if not writer.is_closing():
                try:
                    writer.write_eof()
                except OSError:
                    pass
