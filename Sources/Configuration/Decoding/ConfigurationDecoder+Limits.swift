extension ConfigurationDecoder {
    func limits(_ root: TableReader) -> LimitsSection {
        let standard = LimitsSection()
        guard let reader = root.table("limits", as: .limits) else { return standard }
        return LimitsSection(
            maxWaiting: reader.integer("max_waiting", in: 0...1_000_000, default: standard.maxWaiting),
            wait: reader.duration("wait", default: standard.wait),
            address: reader.table("address", as: .limitsAddress).map(share) ?? LimitsSection.Share(),
            identity: reader.table("identity", as: .limitsIdentity).map(share) ?? LimitsSection.Share())
    }

    private func share(_ reader: TableReader) -> LimitsSection.Share {
        func count(_ key: String) -> Int? {
            reader.integer(key, in: 1...10_000_000)
        }
        func bytes(_ key: String) -> DataSize? {
            reader.size(key, in: .kibibytes(1)...(.gibibytes(1 << 10)), like: .mebibytes(100))
        }
        for (burst, rate) in [("request_burst", "requests_per_second"), ("byte_burst", "bytes_per_second")]
        where reader.isSet(burst) && !reader.isSet(rate) {
            reader.report(burst, "has no effect without \(rate)", "add \(rate) or remove \(burst)")
        }
        return LimitsSection.Share(
            requestsPerSecond: count("requests_per_second"), requestBurst: count("request_burst"),
            bytesPerSecond: bytes("bytes_per_second"), byteBurst: bytes("byte_burst"))
    }
}
