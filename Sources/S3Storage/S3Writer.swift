internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Storage

/// Writes an object as parts of a multipart upload to its own key; one that is smaller than a part with one request.
final class S3Writer: ObjectWriter {
    private struct State {
        var upload: String?
        var parts: [S3Part] = []
        /// Of the parts.
        var size: Int64 = 0
        /// What has not become a part yet.
        var rest = ByteBuffer()
    }

    private let store: S3Store
    private let key: ObjectKey
    private let state = NIOLockedValueBox(State())

    init(_ store: S3Store, _ key: ObjectKey) {
        self.store = store
        self.key = key
    }

    private var name: String { store.name(key) }

    func append(_ bytes: ByteBuffer) async throws(StorageError) {
        var state = state.withLockedValue { state in
            if state.rest.readableBytes == 0 { state.rest = bytes } else { state.rest.writeImmutableBuffer(bytes) }
            defer { state.rest = ByteBuffer() }
            return state
        }
        try await store.asked(key) { () async throws(S3Error) in
            while Int64(state.rest.readableBytes) >= store.partSize(state.parts.count) {
                let isUniform = store.client.settings.hasUniformParts
                let length = isUniform ? store.client.settings.partSize : state.rest.readableBytes
                guard let content = state.rest.readSlice(length: length) else { return }
                try await upload(content, &state)
                // Not to be held on to: it is a part's worth.
                if state.rest.readableBytes == 0 { state.rest = ByteBuffer() }
            }
        }
        self.state.withLockedValue { [state] in $0 = state }
    }

    func finish() async throws(StorageError) {
        var state = state.withLockedValue { $0 }
        try await store.asked(key) { () async throws(S3Error) in
            guard let upload = state.upload else {
                try await store.client.put(name, state.rest)
                return
            }
            if state.rest.readableBytes > 0 { try await self.upload(state.rest, &state) }
            try await store.client.completeUpload(name, upload, state.parts, size: state.size)
        }
    }

    func giveUp() async {
        guard let upload = state.withLockedValue({ $0.upload }) else { return }
        // What cannot be aborted now is found by who sweeps.
        try? await store.client.abortUpload(name, upload)
    }

    private func upload(_ bytes: ByteBuffer, _ state: inout State) async throws(S3Error) {
        if state.upload == nil {
            let upload = try await store.client.createUpload(name)
            state.upload = upload
            // Known from now on to who gives it up.
            self.state.withLockedValue { $0.upload = upload }
        }
        guard let upload = state.upload else { return }
        state.parts.append(try await store.client.uploadPart(name, upload, state.parts.count + 1, bytes))
        state.size += Int64(bytes.readableBytes)
    }
}
