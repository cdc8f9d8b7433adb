internal import CurlClient
internal import NIOCore
internal import SigV4

/// One request of S3's, before it is signed.
struct S3Call: Sendable {
    /// As S3 calls it: for messages and metrics.
    let operation: String
    var method: CurlRequest.Method
    /// Of the object, the prefix of the settings included; nil for the bucket.
    var key: String?
    var query: [SigV4Request.Item] = []
    var headers: [SigV4Request.Item] = []
    var body: ByteBuffer?

    init(
        _ operation: String, _ method: CurlRequest.Method, key: String? = nil, query: [SigV4Request.Item] = [],
        headers: [SigV4Request.Item] = [], body: ByteBuffer? = nil
    ) {
        self.operation = operation
        self.method = method
        self.key = key
        self.query = query
        self.headers = headers
        self.body = body
    }
}
