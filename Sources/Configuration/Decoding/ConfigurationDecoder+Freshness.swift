extension ConfigurationDecoder {
    func freshness(_ table: TableReader) -> FreshnessSection {
        let standard = FreshnessSection()
        let isImmutable = table.flag("immutable_tags", default: standard.immutableTags)
        let exclusions = table.texts("immutable_tags_exclusions").compactMap { (index, text) -> TagPattern? in
            do throws(TagPatternError) {
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
            staleIfError: table.duration("stale_if_error", least: .seconds(0)),
            immutableTags: isImmutable, immutableTagsExclusions: exclusions,
            negativeTTL: table.duration("negative_ttl", least: .seconds(0), default: standard.negativeTTL),
            serveOnDenied: table.flag("serve_on_denied", default: standard.serveOnDenied))
    }
}
