extension ConfigurationDecoder {
    func auditSinks(_ root: TableReader) -> [AuditSinkSection] {
        (root.table("audit", as: .audit)?.tables("sink", as: .auditSink) ?? []).compactMap { reader in
            guard reader.requires("type") else { return nil }
            let kind = reader.choice("type", default: AuditSinkSection.Kind.stdout)
            let path = reader.text("path")
            switch kind {
            case .file where path == nil:
                reader.report("path", "is missing", "name the file that records go to")
                return nil
            case .stdout where path != nil:
                reader.report("path", "has no effect with type = \"stdout\"", "remove it, or write type = \"file\"")
            default: break
            }
            let standard = AuditSinkSection(kind: kind)
            return AuditSinkSection(
                kind: kind, path: path,
                maxSize: reader.size("max_size", in: .kibibytes(64)...(.gibibytes(64)), default: standard.maxSize),
                keep: reader.integer("keep", in: 0...1000, default: standard.keep))
        }
    }
}
