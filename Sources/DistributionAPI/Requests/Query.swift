import TextEncodings
import OCI

/// The query of a request: names and values, decoded.
struct Query {
    /// More are passed over.
    static let mostFields = 256

    let fields: [(name: String, value: String)]

    /// - Throws: If it is not percent-encoded UTF-8.
    init(_ text: String?) throws(RegistryError) {
        var fields: [(String, String)] = []
        for field in (text ?? "").split(separator: "&").prefix(Self.mostFields) {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decoded(parts[0], plusIsSpace: true),
                let value = PercentEncoding.decoded(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
            else { throw RegistryError(.unsupported, status: 400, "the query is not percent-encoded UTF-8") }
            fields.append((name, value))
        }
        self.fields = fields
    }

    /// The first value of that name; nil if it is absent or empty.
    subscript(name: String) -> String? {
        fields.first { $0.name == name && !$0.value.isEmpty }?.value
    }

    /// All values of that name that are not empty.
    func all(_ name: String) -> [String] { fields.filter { $0.name == name && !$0.value.isEmpty }.map(\.value) }

    /// A media type; nil if absent. It holds no blank, so that what looks like one is a `+` that was not encoded.
    func mediaType(_ name: String) -> String? {
        self[name].map { String($0.map { $0 == " " ? "+" : $0 }) }
    }

    /// A digest; nil if absent.
    func digest(_ name: String) throws(RegistryError) -> Digest? {
        guard let text = self[name] else { return nil }
        guard let digest = Digest(text) else {
            throw RegistryError(
                .digestInvalid, "\(name) is not sha256:<64 hex digits> or sha512:<128 hex digits>")
        }
        return digest
    }

    /// The page size `n`: nil if absent.
    func limit() throws(RegistryError) -> Int? {
        guard let text = self["n"] else { return nil }
        guard let limit = Int(text), limit >= 0 else {
            throw RegistryError(.unsupported, status: 400, "n must be a whole number from 0")
        }
        return limit
    }
}
