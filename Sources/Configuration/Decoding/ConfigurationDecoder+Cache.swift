extension ConfigurationDecoder {
    private static let mostPins = 10_000

    /// - Parameter table: `cache` or `repository.<namespace>.cache` in `parent`.
    func cache(_ parent: TableReader, as table: ConfigurationTable) -> CacheSection {
        let standard = CacheSection()
        guard let reader = parent.table("cache", as: table) else { return standard }
        let high = reader.integer("high_watermark", in: 2...100, default: standard.highWatermark)
        let low = reader.integer("low_watermark", in: 1...99, default: standard.lowWatermark)
        if low >= high {
            reader.report(
                "low_watermark", "\(low) is not below high_watermark, \(high)",
                "write less, such as \(max(1, high - 10))")
        }
        return CacheSection(
            maxSize: bytes("max_size", reader), maxAge: reader.duration("max_age", least: .seconds(1)),
            minFree: bytes("min_free", reader),
            highWatermark: high, lowWatermark: low, pinned: pinned(reader))
    }

    private func bytes(_ key: String, _ reader: TableReader) -> DataSize? {
        reader.size(key, in: .kibibytes(1)...(.gibibytes(1 << 20)), like: .gibibytes(50))
    }

    private func pinned(_ reader: TableReader) -> [PinnedContent] {
        let texts = reader.texts("pinned")
        if texts.count > Self.mostPins { reader.report("pinned", "has too many entries", "use patterns") }
        return texts.compactMap { index, text in
            if let content = PinnedContent(text) { return content }
            reader.report(
                "pinned", "entry \(index): '\(text)' is neither a digest nor a pattern of repository:tag",
                "write it like \"docker.io/library/debian:*\" or \"sha256:...\"")
            return nil
        }
    }
}
