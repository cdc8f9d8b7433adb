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
}
