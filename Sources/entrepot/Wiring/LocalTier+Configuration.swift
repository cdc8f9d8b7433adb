import Configuration
import LocalTier
import Logging
import Registry
import Storage
import Threads

extension LocalTier {
    /// Nil where the configuration names none.
    ///
    /// - Throws: `StorageError` if its folder cannot be used.
    convenience init?(
        _ section: StorageSection, of origin: any ObjectStore, pool: ThreadPool, background: BackgroundWork,
        logger: Logger
    ) throws {
        guard case .s3(let section) = section, let cache = section.cache else { return nil }
        try self.init(
            of: origin, directory: cache.directory, capacity: Int64(cache.maxSize.bytes),
            memory: cache.memorySize.bytes, pool: pool, logger: logger,
            start: { [background] work in background.start(work) }, now: WallClock.seconds)
    }
}

extension StorageSection {
    /// Bytes that content on its way may take on local disk.
    var spoolSize: Int64 {
        guard case .s3(let section) = self, let size = section.spoolSize else { return .max }
        return Int64(size.bytes)
    }
}
