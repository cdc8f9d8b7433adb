import NIOCore
import Registry
import Storage
import Testing
import Upstream

extension BlobAnswer {
    /// The bytes the answer stands for, read as the edge would.
    func bytes() async throws -> ByteBuffer {
        let part = range ?? 0..<(size ?? .max)
        switch source {
        case .stored(.remote(let object)): return try await object.body(range ?? 0..<object.size).collect()
        case .stored(.bytes(let bytes)):
            return try #require(bytes.getSlice(at: bytes.readerIndex + Int(part.lowerBound), length: part.count))
        case .stored(.file(let file, let size)):
            let all = try #require(file.bytes(count: Int(size)))
            return try #require(all.getSlice(at: Int(part.lowerBound), length: part.count))
        case .filling(let reader):
            var bytes = ByteBuffer()
            var offset = part.lowerBound
            while offset < part.upperBound, let released = try await reader.end(after: offset), let file = reader.file {
                let end = min(released, part.upperBound)
                let all = try #require(file.bytes(count: Int(end)))
                bytes.writeImmutableBuffer(try #require(all.getSlice(at: Int(offset), length: Int(end - offset))))
                offset = end
            }
            if offset < part.upperBound, let rest = try await reader.rest(from: offset, to: part.upperBound) {
                while let piece = try await rest.next() { bytes.writeImmutableBuffer(piece) }
            }
            return bytes
        case .passing(let body):
            var bytes = ByteBuffer()
            while let piece = try await body.next() { bytes.writeImmutableBuffer(piece) }
            return bytes
        case .nothing:
            return ByteBuffer()
        }
    }
}
