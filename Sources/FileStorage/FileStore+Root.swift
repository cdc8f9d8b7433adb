internal import NIOCore
public import Storage

extension FileStore {
    /// Makes the root directory where it is missing, and checks or leaves the marker that names the layout.
    ///
    /// - Throws: `StorageError` if the root cannot be written to, or holds a layout of another version.
    public static func prepare(root: String) throws(StorageError) {
        try Directory.make(root, below: "", nil, SettledFolders())
        let marker = RegistryLayout.marker
        let path = root + "/" + marker.path
        if let found = try AtomicFile.text(path, marker) {
            guard found == RegistryLayout.version else {
                throw StorageError(
                    .corrupt,
                    "the store has another layout (\(found.prefix(40))); use a version of entrepot that knows it",
                    key: marker)
            }
        } else {
            try AtomicFile.write(
                ByteBuffer(string: RegistryLayout.version), to: path, marker, root: root, SettledFolders(), .durable)
        }
    }
}
