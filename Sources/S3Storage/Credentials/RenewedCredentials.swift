internal import Coordination
internal import NIOConcurrencyHelpers

/// Credentials from the first place that has any, renewed some time before they expire, by one request for all.
public final class RenewedCredentials: S3CredentialSource {
    /// Seconds before the end at which new ones are fetched, and before which those at hand still do if that fails.
    private static let margin: Int64 = 300
    private static let leastLeft: Int64 = 30

    private let providers: [any CredentialProvider]
    private let now: @Sendable () -> Int64
    private let held = NIOLockedValueBox<S3Credentials?>(nil)
    private let fetches = KeyedLock<String>()

    /// - Parameter now: Seconds since 1970.
    init(_ providers: [any CredentialProvider], now: @escaping @Sendable () -> Int64) {
        self.providers = providers
        self.now = now
    }

    public func credentials() async throws(S3Error) -> S3Credentials {
        if let held = held.withLockedValue({ $0 }), isFresh(held, Self.margin) { return held }
        return try await fetches.withLock("") { () async throws(S3Error) in
            let held = held.withLockedValue { $0 }
            if let held, isFresh(held, Self.margin) { return held }
            do throws(S3Error) {
                return try await fetch()
            } catch {
                if let held, isFresh(held, Self.leastLeft) { return held }
                throw error
            }
        }
    }

    public func areReplaced(_ refused: S3Credentials) async -> Bool {
        let found = try? await fetches.withLock("") { () async throws(S3Error) in
            if let held = held.withLockedValue({ $0 }), held != refused { return held }
            return try await fetch()
        }
        return found.map { $0 != refused } ?? false
    }

    private func fetch() async throws(S3Error) -> S3Credentials {
        for provider in providers {
            guard let found = try await provider.fetch() else { continue }
            held.withLockedValue { $0 = found }
            return found
        }
        throw S3Error(
            .denied,
            "there are no credentials (looked for: \(providers.map(\.name).joined(separator: ", "))); "
                + "set storage.s3.access_key_id and secret_key_file")
    }

    private func isFresh(_ credentials: S3Credentials, _ margin: Int64) -> Bool {
        credentials.expiry.map { $0 - now() > margin } ?? true
    }
}
