extension ConfigurationDecoder {
    func resilience(_ root: TableReader) -> ResilienceSection {
        let standard = ResilienceSection()
        guard let reader = root.table("resilience", as: .resilience) else { return standard }
        return ResilienceSection(
            headerTimeout: reader.duration("header_timeout", default: standard.headerTimeout),
            hedgeDelay: reader.duration("hedge_delay", default: standard.hedgeDelay),
            breakerFailures: reader.integer("breaker_failures", in: 1...1000, default: standard.breakerFailures),
            breakerPause: reader.duration("breaker_pause", default: standard.breakerPause))
    }

    private static let shortestToken = 16

    func admin(_ root: TableReader) -> AdminSection? {
        guard let reader = root.table("admin", as: .admin), reader.requires("token_file"),
            let path = reader.text("token_file"), let token = secret(file: path, key: "token_file", reader)
        else { return nil }
        let bytes = token.reveal().utf8
        guard bytes.count >= Self.shortestToken, bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            reader.report(
                "token_file", "'\(path)' holds no token",
                "write at least \(Self.shortestToken) printable ASCII characters without spaces into it")
            return nil
        }
        return AdminSection(tokenFile: path, token: token)
    }

    func freshness(_ table: TableReader) -> FreshnessSection {
        let standard = FreshnessSection()
        let isImmutable = table.flag("immutable_tags", default: standard.immutableTags)
        let exclusions = table.texts("immutable_tags_exclusions").compactMap { (index, text) -> TagPattern? in
            do throws(TagPattern.Malformed) {
                return try TagPattern(text)
            } catch {
                table.report("immutable_tags_exclusions", "entry \(index): '\(text)' \(error.message)", "correct it")
                return nil
            }
        }
        if !isImmutable, table.isSet("immutable_tags_exclusions") {
            table.report(
                "immutable_tags_exclusions", "has no effect without immutable_tags", "add immutable_tags = true")
        }
        return FreshnessSection(
            staleWhileRevalidate: table.duration(
                "stale_while_revalidate", least: .seconds(0), default: standard.staleWhileRevalidate),
            staleIfError: table.isSet("stale_if_error")
                ? table.duration("stale_if_error", least: .seconds(0), default: .seconds(0)) : nil,
            immutableTags: isImmutable, immutableTagsExclusions: exclusions,
            negativeTTL: table.duration("negative_ttl", least: .seconds(0), default: standard.negativeTTL),
            serveOnDenied: table.flag("serve_on_denied", default: standard.serveOnDenied))
    }
}
