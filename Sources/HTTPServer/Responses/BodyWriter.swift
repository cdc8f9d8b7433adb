public import NIOCore

/// Sends the body of a streamed response. Both methods suspend while the client is slow, so a producer that awaits
/// them holds at most one piece in memory.
public struct BodyWriter: Sendable {
    enum Sink: Sendable {
        case connection(LoopBoundConnection, serial: UInt64)
        case memory(CollectedBody)
    }

    let sink: Sink

    /// Sends bytes from memory; returns when more may be written.
    /// - Throws: ``BodyWriteError``.
    public func write(_ bytes: ByteBuffer) async throws {
        switch sink {
        case .connection(let connection, let serial): try await connection.write(bytes, serial: serial)
        case .memory(let collected): try collected.append(bytes)
        }
    }

    /// Sends bytes of a file: `sendfile(2)` in the clear, pieces of up to 128 KiB over TLS. Returns when the last byte
    /// has been handed to the kernel.
    /// - Throws: ``BodyWriteError``.
    public func write(_ slice: FileSlice) async throws {
        switch sink {
        case .connection(let connection, let serial): try await connection.write(slice, serial: serial)
        case .memory(let collected): try collected.append(slice)
        }
    }
}
