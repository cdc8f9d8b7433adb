public import Access
internal import HTTPServer
internal import NIOHTTP1

/// Which clients are sent to the store itself for a blob, where the store is one that they can be sent to.
public struct BlobRedirects: Sendable, Equatable {
    public enum Mode: String, Sendable, CaseIterable {
        /// Nobody: everything goes through here.
        case never
        /// Those whose address is in one of the networks.
        case auto
        /// Everybody.
        case always
    }

    /// How long an address that was handed out can be used to begin, in seconds. A download that has begun goes on.
    static let lifetime = 20 * 60
    /// Says that its sender wants no redirect, whatever is configured: for clients that do not reach the store.
    static let refusal = "X-Entrepot-No-Redirect"

    private let mode: Mode
    private let networks: [ClientAddressBlock]

    public static let none = BlobRedirects(.never, networks: [])

    public init(_ mode: Mode, networks: [ClientAddressBlock]) {
        self.mode = mode
        self.networks = networks
    }

    func takes(_ request: Request) -> Bool {
        guard mode != .never, request.method == .GET, !request.headers.contains(name: Self.refusal) else {
            return false
        }
        guard mode == .auto else { return true }
        guard let address = request.clientAddress.flatMap({ ClientAddress($0) }) else { return false }
        return networks.contains { $0.contains(address) }
    }
}
