extension ConfigurationDecoder {
    func janitor(_ root: TableReader) -> JanitorSection {
        let standard = JanitorSection()
        guard let reader = root.table("janitor", as: .janitor) else { return standard }
        let scrub = reader.table("scrub", as: .janitorScrub)
        return JanitorSection(
            interval: reader.duration("interval", least: .seconds(1), default: standard.interval),
            grace: reader.duration("grace", least: .seconds(1), default: standard.grace),
            evictionInterval: interval(reader.table("eviction", as: .janitorEviction)),
            collectionInterval: interval(reader.table("collection", as: .janitorCollection)),
            retentionInterval: interval(reader.table("retention", as: .janitorRetention)),
            scrubInterval: scrub?.duration("interval", least: .seconds(60)),
            scrubRate: scrub?.size("rate", in: .kibibytes(64)...(.gibibytes(100)), like: standard.scrubRate)
                ?? standard.scrubRate)
    }

    private func interval(_ table: TableReader?) -> Seconds? { table?.duration("interval", least: .seconds(1)) }
}
