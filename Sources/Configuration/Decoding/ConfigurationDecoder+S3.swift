internal import Access

extension ConfigurationDecoder {
    /// - Parameters:
    ///   - cache: `[storage.cache]`.
    ///   - directory: Where local files go by default.
    func s3(_ reader: TableReader, cache: TableReader?, directory: String) -> S3StorageSection {
        let spool = reader.text("spool_dir") ?? directory
        let endpoint = endpoint(reader)
        let bucket = (reader.requires("bucket") ? name("bucket", reader, Self.isBucketByte) : nil) ?? ""
        let usesPathStyle = reader.flag("path_style", default: endpoint != nil || bucket.contains("."))
        let standard = S3StorageSection(bucket: bucket, usesPathStyle: usesPathStyle, spoolDirectory: spool)
        if reader.isSet("kms_key_id"), reader.text("server_side_encryption") != "aws:kms" {
            reader.report(
                "kms_key_id", "has no effect without server_side_encryption = \"aws:kms\"", "add that, or remove it")
        }
        let keys = keys(reader)
        return S3StorageSection(
            endpoint: endpoint, bucket: bucket, region: name("region", reader, Self.isRegionByte) ?? standard.region,
            keyPrefix: keyPrefix(reader) ?? standard.keyPrefix, keys: keys,
            usesPathStyle: usesPathStyle,
            caBundle: reader.file("ca_bundle"), storageClass: name("storage_class", reader, Self.isBucketByte),
            encryption: reader.choice("server_side_encryption", default: standard.encryption),
            kmsKeyID: name("kms_key_id", reader, Self.isPrintable),
            multipartMinPartSize: max(
                reader.size(
                    "multipart_min_part_size", in: Self.fiveMegabytes...(.gibibytes(1)),
                    default: standard.multipartMinPartSize),
                .mebibytes(5)),
            multipartCopyThreshold: reader.size(
                "multipart_copy_threshold", in: Self.fiveMegabytes...(.gibibytes(5)),
                default: standard.multipartCopyThreshold),
            multipartCopyChunkSize: max(
                reader.size(
                    "multipart_copy_chunk_size", in: Self.fiveMegabytes...(.gibibytes(5)),
                    default: standard.multipartCopyChunkSize),
                .mebibytes(5)),
            multipartCopyJobs: reader.integer("multipart_copy_jobs", in: 1...64, default: standard.multipartCopyJobs),
            hasUniformParts: reader.flag("uniform_parts", default: standard.hasUniformParts),
            maxAttempts: reader.integer("max_attempts", in: 1...20, default: standard.maxAttempts),
            connectTimeout: reader.duration("connect_timeout", default: standard.connectTimeout),
            stallTimeout: reader.duration("stall_timeout", least: .seconds(1), default: standard.stallTimeout),
            blobRedirect: reader.choice("blob_redirect", default: standard.blobRedirect),
            redirectNetworks: redirectNetworks(reader),
            spoolDirectory: spool,
            spoolSize: reader.size("spool_size", in: .mebibytes(1)...(.gibibytes(1 << 20)), like: .gibibytes(50)),
            keepsConditions: reader.flag("conditional_writes"),
            cache: cache.map { self.cache($0, spool: spool) })
    }

    private func cache(_ reader: TableReader, spool: String) -> StorageCacheSection {
        _ = reader.requires("max_size")
        var section = StorageCacheSection(
            directory: reader.text("directory") ?? spool + (spool.hasSuffix("/") ? "hot" : "/hot"),
            maxSize: reader.size("max_size", in: .mebibytes(1)...(.gibibytes(1 << 20)), default: .gibibytes(1)))
        section.memorySize = reader.size(
            "memory_size", in: .kibibytes(0)...(.gibibytes(64)), default: section.memorySize)
        return section
    }

    /// The least that others take as well, though S3 itself wants a little more: taken as that.
    private static var fiveMegabytes: DataSize { DataSize("5MB") ?? .mebibytes(5) }

    private func redirectNetworks(_ reader: TableReader) -> [ClientAddressBlock] {
        let blocks = addressBlocks("redirect_networks", reader)
        let isAuto = reader.text("blob_redirect") == "auto"
        if isAuto, blocks.isEmpty {
            reader.report(
                "blob_redirect", "is \"auto\" without redirect_networks",
                "name in redirect_networks the clients that reach the bucket, or write \"always\"")
        } else if !isAuto, reader.isSet("redirect_networks") {
            reader.report(
                "redirect_networks", "has no effect without blob_redirect = \"auto\"", "write that, or remove it")
        }
        return blocks
    }

    private func endpoint(_ reader: TableReader) -> UpstreamURL? {
        guard let text = reader.text("endpoint") else { return nil }
        do throws(UpstreamURLError) {
            let url = try UpstreamURL(text)
            guard url.prefix == nil else {
                reader.report("endpoint", "has a path", "write scheme, host and port; the bucket has its own key")
                return nil
            }
            return url
        } catch {
            reader.report("endpoint", error.message, error.remedy)
            return nil
        }
    }

    private func keys(_ reader: TableReader) -> S3StorageSection.Keys? {
        let secrets = ["secret_key", "secret_key_file"].filter(reader.isSet)
        guard reader.isSet("access_key_id") else {
            for key in secrets + ["session_token"].filter(reader.isSet) {
                reader.report(key, "is given without access_key_id", "add access_key_id, or remove \(key)")
            }
            return nil
        }
        let id = name("access_key_id", reader, Self.isBucketByte)
        guard let key = secrets.first else {
            reader.report("access_key_id", "is given without a secret", "add secret_key_file or secret_key")
            return nil
        }
        guard secrets.count == 1 else {
            reader.report("secret_key_file", "is given beside secret_key", "keep one of the two")
            return nil
        }
        guard let text = reader.text(key), let id else { return nil }
        let token = reader.text("session_token").map(Secret.init)
        guard key == "secret_key_file" else {
            return S3StorageSection.Keys(accessKeyID: id, secretKey: Secret(text), sessionToken: token, source: .inline)
        }
        return secret(file: text, key: key, reader).map {
            S3StorageSection.Keys(accessKeyID: id, secretKey: $0, sessionToken: token, source: .file(path: text))
        }
    }

    private func keyPrefix(_ reader: TableReader) -> String? {
        guard let text = reader.text("key_prefix") else { return nil }
        var prefix = text[...]
        while prefix.first == "/" { prefix.removeFirst() }
        while prefix.last == "/" { prefix.removeLast() }
        let parts = prefix.split(separator: "/", omittingEmptySubsequences: false)
        let isFit =
            prefix.utf8.count <= 512
            && parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." && $0.utf8.allSatisfy { $0 >= 0x20 } }
        guard prefix.isEmpty || isFit else {
            reader.report(
                "key_prefix", "is no prefix of keys", "write names with single slashes between them, at most 512 bytes")
            return nil
        }
        return String(prefix)
    }

    private func name(_ key: String, _ reader: TableReader, _ isFit: (UInt8) -> Bool) -> String? {
        guard let text = reader.text(key) else { return nil }
        guard text.utf8.count <= 255, text.utf8.allSatisfy(isFit) else {
            reader.report(key, "holds a character that it cannot have, or too many", "correct it")
            return nil
        }
        return text
    }

    private static func isRegionByte(_ byte: UInt8) -> Bool {
        isBucketByte(byte) && byte != UInt8(ascii: ".")
    }

    private static func isBucketByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isPrintable(_ byte: UInt8) -> Bool { (0x21..<0x7F).contains(byte) }
}
