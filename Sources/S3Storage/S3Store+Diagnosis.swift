public import Storage

/// What the requests so far have told of a store.
public struct S3Diagnosis: Sendable {
    /// Seconds by which its clock is ahead of this machine's.
    public let clockOffset: Int64
    /// As it says, which may be another than is configured.
    public let region: String
    /// Whether it keeps to `If-None-Match`.
    public let keepsConditions: Bool
}

extension S3Store {
    public var diagnosis: S3Diagnosis {
        S3Diagnosis(
            clockOffset: clockDifference, region: client.region, keepsConditions: conditions.areKept)
    }

    /// Whether somebody without credentials of ours can read an object at an address that is made for that.
    public func servesAddresses(_ key: ObjectKey) async throws(StorageError) -> Bool {
        try await asked(key) { () async throws(S3Error) in
            guard let address = try await client.presignedAddress(of: name(key), lifetime: 60) else { return false }
            return try await client.status(at: address) == 200
        }
    }
}
