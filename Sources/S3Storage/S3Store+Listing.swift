public import Storage

extension S3Store {
    /// One level below `prefix`, in the order of the names.
    ///
    /// The store orders whole keys: `v1-a/` comes before `v1/`, where `v1` comes before `v1-a`. What it sent is in order
    /// only as far as no name is still to come that begins one of those at the end.
    public func list(_ prefix: ObjectKey, after: String?, limit: Int) async throws(StorageError) -> [String] {
        guard limit > 0 else { return [] }
        return try await asked(prefix) { () async throws(S3Error) in
            let start = name(prefix) + "/"
            var names: Set<String> = []
            var previous: S3Page?
            repeat {
                let wanted = limit == .max ? 1000 : limit - names.count + 2
                let page = try await client.page(
                    start, delimiter: "/", after: after.map { start + $0 }, following: previous, limit: wanted)
                for key in page.objects.map(\.key) + page.folders {
                    let name = key.dropFirst(start.count).split(separator: "/", omittingEmptySubsequences: false)[0]
                    // Names that no key of ours has are somebody else's.
                    guard !name.isEmpty, prefix.child(String(name)) != nil else { continue }
                    if let after, !after.utf8.lexicographicallyPrecedes(name.utf8) { continue }
                    names.insert(String(name))
                }
                previous = page
                if page.next != nil, names.count >= limit, let last = page.last, last.utf8.starts(with: start.utf8) {
                    try await insertBeginnings(of: String(last.dropFirst(start.count)), start, after, &names)
                    break
                }
            } while previous?.next != nil
            return Array(names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.prefix(limit))
        }
    }

    /// Folders still to come whose names `last` begins with.
    private func insertBeginnings(
        of last: String, _ start: String, _ after: String?, _ names: inout Set<String>
    ) async throws(S3Error) {
        let bytes = Array(last.utf8)
        for (index, byte) in bytes.enumerated() where index > 0 && byte < UInt8(ascii: "/") {
            guard let name = String(validating: bytes[..<index], as: UTF8.self), !names.contains(name) else { continue }
            if let after, !after.utf8.lexicographicallyPrecedes(name.utf8) { continue }
            let page = try await client.page(start + name + "/", delimiter: nil, limit: 1)
            if !page.objects.isEmpty { names.insert(name) }
        }
    }

    /// A few are looked at each; many are taken as the store names them, which is a request for a thousand.
    public func list(
        _ prefix: ObjectKey, holding child: String, after: String?, limit: Int
    ) async throws(StorageError) -> [String] {
        guard limit <= 2 else { return try await list(prefix, after: after, limit: limit) }
        var after = after
        var found: [String] = []
        while found.count < limit {
            let names = try await list(prefix, after: after, limit: 10)
            for name in names where found.count < limit {
                if let key = prefix.child("\(name)/\(child)"), try await info(key) != nil { found.append(name) }
            }
            guard names.count == 10 else { break }
            after = names.last
        }
        return found
    }
}
