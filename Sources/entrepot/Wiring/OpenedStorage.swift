import ArgumentParser
import Configuration
import CurlClient
import Doctor
import FileStorage
import FoundationEssentials
import S3Storage
import SigV4
import Storage
import Threads

/// The store that a configuration names, ready to be used.
struct OpenedStorage {
    let objects: any ObjectStore
    /// Where this process keeps files of its own.
    let root: String
    /// Below it contents are put together before they go into the store: on its own file system, where that is one.
    var copyFolder: String { root + "/.entrepot/copy" }
    /// Whether the content is elsewhere than this process' own files.
    let isRemote: Bool
    /// What operators should know of it; nil for nothing.
    let warning: String?
    /// What is left where the content is; nil where that has no end.
    let freeBytes: @Sendable () -> Int64?

    /// - Throws: if the store cannot be used.
    init(
        _ section: StorageSection, pool: ThreadPool,
        background: @escaping RenewedCredentials.Background = { _ in false }
    ) async throws {
        switch section {
        case .fileSystem(let directory):
            try FileStore.prepare(root: directory)
            objects = FileStore(root: directory, pool: pool)
            root = directory
            isRemote = false
            warning = nil
            freeBytes = { FileStore.freeBytes(root: directory) }
        case .s3(let section):
            let client = S3Client(
                S3Settings(section), credentials: Self.credentials(section, background), curl: CurlClient(),
                now: WallClock.seconds)
            let store = S3Store(client, pool: pool)
            try await store.prepare()
            objects = store
            warning = store.warning
            root = section.spoolDirectory
            isRemote = true
            freeBytes = { nil }
        }
    }

    /// For a command that writes, beside a server or in its place.
    ///
    /// - Throws: `ExitCode.failure`, said why, where the server could not go on with what is written; else as ``init(_:pool:)``.
    static func forCommand(_ section: StorageSection) async throws -> OpenedStorage {
        let root =
            switch section {
            case .fileSystem(let directory): directory
            case .s3(let section): section.spoolDirectory
            }
        if let refusal = StoreRights(root: root).refusal {
            StandardError.write("entrepot: \(refusal)\n")
            throw ExitCode.failure
        }
        return try await OpenedStorage(section, pool: .shared)
    }

    /// For who only looks: makes nothing that is not there.
    static func toRead(_ section: StorageSection) async throws -> any ObjectStore {
        switch section {
        case .fileSystem(let directory): FileStore(root: directory, pool: .shared)
        case .s3: try await OpenedStorage(section, pool: .shared).objects
        }
    }

    private static func credentials(
        _ section: S3StorageSection, _ background: @escaping RenewedCredentials.Background
    ) -> any S3CredentialSource {
        guard let keys = section.keys else {
            return RenewedCredentials(
                environment: ProcessInfo.processInfo.environment, region: section.region,
                curl: CurlClient(proxies: .none), background: background, now: WallClock.seconds)
        }
        let token = keys.sessionToken?.reveal()
        switch keys.source {
        case .inline:
            return FixedCredentials(
                SigV4Credentials(
                    accessKeyID: keys.accessKeyID, secretKey: keys.secretKey.reveal(), sessionToken: token))
        case .file(let path):
            return RenewedCredentials(
                accessKeyID: keys.accessKeyID, secretFile: path, sessionToken: token, now: WallClock.seconds)
        }
    }
}

extension S3Settings {
    init(_ section: S3StorageSection) {
        let encryption: Encryption? =
            switch section.encryption {
            case .none: nil
            case .managed: .managed
            case .kms: .kms(keyID: section.kmsKeyID)
            }
        self.init(
            isSecure: section.isSecure, authority: section.authority, bucket: section.bucket, region: section.region,
            keyPrefix: section.keyPrefix, usesPathStyle: section.usesPathStyle, caBundle: section.caBundle,
            storageClass: section.storageClass, encryption: encryption,
            partSize: section.multipartMinPartSize.bytes, hasUniformParts: section.hasUniformParts,
            copyThreshold: Int64(section.multipartCopyThreshold.bytes),
            copyChunkSize: Int64(section.multipartCopyChunkSize.bytes), copyJobs: section.multipartCopyJobs,
            maxAttempts: section.maxAttempts, connectTimeout: section.connectTimeout.duration,
            stallTimeout: section.stallTimeout.duration)
        keepsConditions = section.keepsConditions
    }
}
