#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif
import CFileWriting
import NIOCore
import Storage

/// Several files that appear one after the other, and are durable together: the file system writes its journal twice for all of
/// them, and not twice for each (decision 22).
struct StagedFiles {
    struct Step {
        enum Source {
            case bytes(ByteBuffer)
            /// A file of the store that gets this name, and has so many bytes.
            case file(String, ObjectKey, size: Int64)
        }

        let key: ObjectKey
        let path: String
        let source: Source
    }

    private struct Staged {
        let step: Step
        /// Where it is until it appears.
        let place: String
        let descriptor: CInt
        /// Made for this, and gone with it.
        let isTemporary: Bool
    }

    let root: String
    let settled: SettledFolders

    func carryOut(_ steps: [Step], _ durability: Durability) throws(StorageError) {
        var staged: [Staged] = []
        var shown = 0
        defer {
            for file in staged { close(file.descriptor) }
            for file in staged.dropFirst(shown) where file.isTemporary { unlink(file.place) }
        }
        for step in steps { staged.append(try stage(step)) }
        if durability == .durable { try sync(staged) }
        for file in staged {
            try AtomicFile.rename(file.place, to: file.step.path, file.step.key)
            shown += 1
        }
        guard durability == .durable else { return }
        for step in steps { try AtomicFile.settleName(of: step.path, step.key, root: root, settled) }
    }

    private func stage(_ step: Step) throws(StorageError) -> Staged {
        let folder = AtomicFile.parent(of: step.path)
        try Directory.make(folder, below: root, step.key, settled)
        switch step.source {
        case .bytes(let bytes):
            let (place, descriptor) = try AtomicFile.temporaryFile(in: folder, root: root, step.key, settled)
            do throws(StorageError) {
                try AtomicFile.writeAll(bytes, to: descriptor, step.key)
            } catch {
                close(descriptor)
                unlink(place)
                throw error
            }
            return Staged(step: step, place: place, descriptor: descriptor, isTemporary: true)
        case .file(let path, let key, let size):
            // To be written to, or a network's file system has no lock for it.
            let descriptor = retrying { open(path, O_RDWR | O_CLOEXEC) }
            guard descriptor >= 0 else {
                if isAbsent { throw StorageError(.absent, "there is nothing to move", key: key) }
                throw StorageError(errno: errno, "open", key)
            }
            // Nobody appends to it between its size and its new name.
            AtomicFile.lock(descriptor)
            var status = stat()
            let found = fstat(descriptor, &status) == 0 ? Int64(status.st_size) : -1
            guard found == size else {
                close(descriptor)
                throw .wrongSize(found, size, key)
            }
            return Staged(step: step, place: path, descriptor: descriptor, isTemporary: false)
        }
    }

    /// All of them begin to be written before the first is waited for, so that one commit of the journal has them all.
    private func sync(_ files: [Staged]) throws(StorageError) {
        if files.count > 1 {
            for file in files { entrepot_begin_writing_out(file.descriptor) }
        }
        for file in files { try AtomicFile.sync(file.descriptor, file.step.key) }
    }
}
