internal import CurlClient
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Storage

/// A row of objects, or of one, read as one content: whatever breaks off is taken up where it ended.
final class S3Body: Sendable {
    /// An object of the row.
    struct Extent: Sendable {
        let key: String
        /// Bytes.
        let size: Int64
        /// What the store called the content; nil where that was not asked.
        let entity: String?
    }

    private struct State {
        var position: Int64
        var transfer: CurlBody?
        /// Where the transfer began and where it ends.
        var start: Int64 = 0
        var end: Int64 = 0
        /// Transfers in a row that brought too little before they broke off.
        var idle = 0
    }

    /// Bytes that a transfer must bring to count as progress: a store may not cut a gigabyte into single bytes.
    private static let progress: Int64 = 64 << 10

    private let client: S3Client
    private let extents: [Extent]
    private let upperBound: Int64
    /// The beginning, which came with the question how large the whole is.
    private let prefix: ByteBuffer
    /// What came with that question and goes on.
    private let opened: OpenedTransfer?
    private let state: NIOLockedValueBox<State>

    init(
        _ client: S3Client, _ extents: [Extent], _ range: Range<Int64>, prefix: ByteBuffer = ByteBuffer(),
        opened: OpenedTransfer? = nil
    ) {
        self.client = client
        self.extents = extents
        self.prefix = prefix
        self.opened = opened
        upperBound = range.upperBound
        state = NIOLockedValueBox(State(position: range.lowerBound))
    }

    func next() async throws(S3Error) -> ByteBuffer? {
        while true {
            var state = self.state.withLockedValue { $0 }
            guard state.position < upperBound else { return nil }
            if state.position < Int64(prefix.readableBytes) {
                let start = Int(state.position)
                let length = min(prefix.readableBytes, Int(clamping: upperBound)) - start
                self.state.withLockedValue { $0.position += Int64(length) }
                return prefix.getSlice(at: prefix.readerIndex + start, length: length)
            }
            if state.transfer == nil { try await open(&state) }
            do throws(CurlError) {
                var pieces = state.transfer?.makeAsyncIterator()
                if var piece = try await pieces?.next() {
                    state.position += Int64(piece.readableBytes)
                    guard state.position <= state.end else {
                        throw CurlError(
                            .invalidResponse, "more bytes than were asked for", host: client.settings.authority)
                    }
                    if state.position > upperBound {
                        // Of a transfer that somebody opened for more.
                        let excess = Int(state.position - upperBound)
                        piece =
                            piece.getSlice(at: piece.readerIndex, length: piece.readableBytes - excess) ?? ByteBuffer()
                        (state.position, state.transfer) = (upperBound, nil)
                    }
                    self.state.withLockedValue { [state] in $0 = state }
                    return piece
                }
                guard state.position == state.end else {
                    throw CurlError(.cutShort, "fewer bytes than were announced", host: client.settings.authority)
                }
                state.transfer = nil
            } catch {
                let failure = S3Error(error)
                state.transfer = nil
                state.idle = state.position - state.start >= Self.progress ? 1 : state.idle + 1
                guard failure.isWorthAnotherTry, state.idle < client.settings.maxAttempts else { throw failure }
                try await client.wait(beforeTry: state.idle)
            }
            self.state.withLockedValue { [state] in $0 = state }
        }
    }

    private func open(_ state: inout State) async throws(S3Error) {
        if let opened, let body = opened.take(at: state.position) {
            (state.transfer, state.start, state.end) = (body, state.position, opened.range.upperBound)
            return
        }
        var start: Int64 = 0
        for extent in extents {
            defer { start += extent.size }
            guard state.position < start + extent.size else { continue }
            let range = (state.position - start)..<(min(upperBound, start + extent.size) - start)
            guard let (object, body) = try await client.get(extent.key, range, entity: extent.entity),
                object.size == extent.size
            else { throw S3Error(.absent, "the object is gone, or another one has taken its place") }
            state.transfer = body
            state.start = state.position
            state.end = start + range.upperBound
            return
        }
        throw S3Error(.invalidAnswer, "the object ends before the bytes asked for")
    }
}

extension RemoteObject {
    init(
        _ client: S3Client, _ extents: [S3Body.Extent], prefix: ByteBuffer = ByteBuffer(), opened: OpenedTransfer? = nil
    ) {
        // Of a row there is no one address.
        let key = extents.count == 1 && extents[0].entity != nil ? extents[0].key : nil
        let address: @Sendable (Int) async throws(StorageError) -> String? = { lifetime async throws(StorageError) in
            guard let key else { return nil }
            do throws(S3Error) {
                return try await client.presignedAddress(of: key, lifetime: lifetime)
            } catch {
                throw StorageError(error, nil)
            }
        }
        let entity = extents.count == 1 ? extents[0].entity : nil
        self.init(size: extents.reduce(0) { $0 + $1.size }, entity: entity, address: address) { range in
            let body = S3Body(client, extents, range, prefix: prefix, opened: opened)
            return ObjectBody { () async throws(StorageError) in
                do throws(S3Error) { return try await body.next() } catch { throw StorageError(error, nil) }
            }
        }
    }
}
