import OCI

/// What comes into the store by other ways than clients.
extension ConfigurationDecoder {
    func spoolers(_ root: TableReader, _ repositories: [RepositorySection]) -> [SpoolerSection] {
        var directories: Set<String> = []
        return root.tables("spooler", as: .spooler).compactMap { reader in
            guard reader.requires("directory"), reader.requires("repository"),
                let directory = reader.text("directory"), let text = reader.text("repository")
            else { return nil }
            guard let name = RepositoryName(text) else {
                reader.report(
                    "repository", "'\(text)' is no name of a repository", "write it like \"local\" or \"local/team\"")
                return nil
            }
            let owner = repositories.filter { name.hasPrefix($0.name) }.max {
                $0.name.value.count < $1.name.value.count
            }
            guard let owner, owner.upstreams.isEmpty else {
                reader.report(
                    "repository", "'\(name)' is in no repository that holds what is pushed",
                    "name one without upstreams, or add [repository.\"\(name.components[0])\"]")
                return nil
            }
            guard directories.insert(directory).inserted else {
                reader.report("directory", "'\(directory)' is another spooler's", "give each a folder of its own")
                return nil
            }
            return SpoolerSection(directory: directory, repository: name, keeps: reader.flag("keep", default: false))
        }
    }

    func seeds(_ root: TableReader) -> [SeedSection] {
        var lists: Set<String> = []
        return root.tables("seed", as: .seed).compactMap { reader in
            guard reader.requires("list"), let list = reader.text("list") else { return nil }
            guard lists.insert(list).inserted else {
                reader.report("list", "'\(list)' is another seed's", "keep one of the two")
                return nil
            }
            let platforms = reader.texts("platforms").map(\.text)
            for text in platforms {
                let parts = text.split(separator: "/", omittingEmptySubsequences: false)
                guard !(2...3).contains(parts.count) || parts.contains(where: \.isEmpty) else { continue }
                reader.report(
                    "platforms", "'\(text)' is no platform", "write it like \"linux/amd64\" or \"linux/arm/v7\"")
            }
            let standard = SeedSection(list: list)
            return SeedSection(
                list: list, interval: reader.duration("interval", least: .seconds(60), default: standard.interval),
                platforms: platforms, newest: reader.integer("newest", in: 1...10_000),
                takesReferrers: reader.flag("referrers", default: standard.takesReferrers))
        }
    }
}
