internal import OCI
internal import Registry

/// How far a fill is, for the operator.
struct FillReport: Encodable {
    var digest: String
    var size: Int64?
    var released: Int64
    var hasReaders: Bool
    var repositories: [String]

    init(_ status: FillStatus) {
        digest = status.digest.description
        size = status.size
        released = status.released
        hasReaders = status.hasReaders
        repositories = status.repositories.map(\.value)
    }
}
