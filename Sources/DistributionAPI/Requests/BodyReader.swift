import HTTPServer
import NIOCore
import OCI

/// Reads a request's body for the registry, in the registry's errors.
struct BodyReader {
    private var iterator: RequestBody.AsyncIterator

    init(_ body: RequestBody) { iterator = body.makeAsyncIterator() }

    /// The next piece; nil at the end.
    mutating func next() async throws(RegistryError) -> ByteBuffer? {
        do {
            return try await iterator.next()
        } catch let error as RequestBodyError {
            throw RegistryError(reading: error)
        } catch {
            throw RegistryError(.blobUploadInvalid, "the content did not arrive", cause: error)
        }
    }
}

extension RegistryError {
    /// The client sees this only if its connection still is.
    init(reading error: RequestBodyError) {
        switch error {
        case .stalled:
            self.init(
                .blobUploadInvalid, status: 408, "the content stopped arriving; ask for the upload's status and go on")
        case .tooLarge(let limit):
            self.init(.sizeInvalid, status: 413, "the content is larger than the \(limit) bytes allowed here")
        default:
            self.init(.blobUploadInvalid, "the content broke off: \(error)", cause: error)
        }
    }
}
