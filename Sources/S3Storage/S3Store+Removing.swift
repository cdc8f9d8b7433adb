public import Storage

extension S3Store {
    public func delete(_ key: ObjectKey) async throws(StorageError) {
        try await asked(key) { () async throws(S3Error) in
            if shape(key) == .leaf { return try await client.delete(name(key)) }
            if shape(key) == .growing { try await giveUp(name(key)) }
            if shape(key) != .folder { try await client.delete(name(key)) }
            var first: String?
            var repeats = 0
            while true {
                let page = try await client.page(name(key) + "/", delimiter: nil, limit: 1000)
                guard let next = page.objects.first?.key else { break }
                // Somebody may still be writing it; but not for ever.
                repeats = next == first ? repeats + 1 : 0
                guard repeats < 5 else {
                    throw S3Error(.unavailable, "the store still lists what it said that it removed")
                }
                first = next
                for object in page.objects.map(\.key) where object.hasSuffix("/\(GrowingRow.uploadName)") {
                    let parent = String(object.dropLast(GrowingRow.uploadName.utf8.count + 1))
                    if let path = ObjectKey(String(parent.dropFirst(prefix.utf8.count))), shape(path) == .growing {
                        try await giveUp(parent)
                    }
                }
                try await client.remove(page.objects.map(\.key))
                if page.next == nil { break }
            }
        }
        rows.forget(key)
    }

    /// One request for a thousand objects, and one more for each growing object that others may have written to.
    public func delete(_ keys: [ObjectKey]) async throws(StorageError) {
        for key in keys where shape(key) == .folder || shape(key) == .any { try await delete(key) }
        try await asked(keys.first) { () async throws(S3Error) in
            var names: [String] = []
            for key in keys where shape(key) == .leaf { names.append(name(key)) }
            for key in keys where shape(key) == .growing { names += try await objects(ofGrowing: key) }
            try await client.remove(names)
        }
        for key in keys { rows.forget(key) }
    }

    /// All that there is of a growing object, whose upload is aborted.
    private func objects(ofGrowing key: ObjectKey) async throws(S3Error) -> [String] {
        let name = name(key)
        if let row = rows[key], row.isOwn {
            if let upload = row.upload { try await client.abortUpload(name, upload) }
            return row.objects(name)
        }
        var names: [String] = []
        var previous: S3Page?
        repeat {
            let page = try await client.page(name, delimiter: nil, following: previous, limit: 1000)
            names += page.objects.map(\.key).filter { $0 == name || $0.hasPrefix(name + "/") }
            previous = page
        } while previous?.next != nil
        if names.contains("\(name)/\(GrowingRow.uploadName)") { try await giveUp(name) }
        return names
    }

    /// Aborts the multipart upload of a row, if it has one.
    private func giveUp(_ name: String) async throws(S3Error) {
        guard let id = try await uploadName(name) else { return }
        try await client.abortUpload(name, id)
    }
}
