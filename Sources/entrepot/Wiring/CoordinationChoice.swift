import Cluster
import Configuration
import Coordination
import NIOConcurrencyHelpers
import NIOCore
import RedisCoordination

/// The one place that decides by what replicas agree and share: nothing, or Redis.
final class CoordinationChoice: Sendable {
    private struct State {
        var locks: RedisSection?
        var values: RedisSection?
        var lockServer: RedisCoordination?
        var valueServer: RedisCoordination?
        var advertised: String?
        var bound: String?
    }

    let replica: Replica
    private let state = NIOLockedValueBox(State())

    init(_ configuration: Configuration, replica: Replica = Replica()) {
        self.replica = replica
        adjust(to: configuration)
    }

    /// The server listens.
    ///
    /// - Parameter address: Where it does; one that stands for all addresses is told as the machine's first.
    func listens(on address: SocketAddress, isSecure: Bool) {
        guard let port = address.port, let ip = address.ipAddress else { return }
        let host = ["0.0.0.0", "::"].contains(ip) ? Self.firstAddress() ?? ip : ip
        let url = "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        state.withLockedValue { state in
            state.bound = url
            replica.adjust(address: state.advertised ?? url)
        }
    }

    private static func firstAddress() -> String? {
        let addresses = (try? System.enumerateDevices())?.compactMap { $0.address?.ipAddress } ?? []
        let others = addresses.filter { !$0.hasPrefix("127.") && $0 != "::1" && !$0.hasPrefix("fe80:") }
        return others.first { !$0.contains(":") } ?? others.first
    }

    /// Connects to nothing yet. What stays the same keeps its connections.
    func adjust(to configuration: Configuration) {
        replica.adjust(
            secret: configuration.cluster.map { ClusterSecret($0.secret.reveal()) },
            caBundle: configuration.cluster?.caBundle)
        state.withLockedValue { state in
            state.advertised = configuration.cluster?.advertiseURL?.description
            replica.adjust(address: state.advertised ?? state.bound)
            if configuration.lockStore != state.locks {
                state.lockServer = configuration.lockStore.map { RedisCoordination(RedisSettings($0)) }
                state.locks = configuration.lockStore
                replica.leases.replace(
                    with: state.lockServer, life: (configuration.lockStore?.ttl ?? RedisSection.standardTTL).duration)
            }
            guard configuration.cacheStore != state.values || configuration.cacheStore != nil else { return }
            let isShared = configuration.cacheStore.map { $0.isSameServer(as: configuration.lockStore) } ?? false
            if isShared {
                state.valueServer = state.lockServer
            } else if configuration.cacheStore != state.values || state.valueServer === state.lockServer {
                state.valueServer = configuration.cacheStore.map { RedisCoordination(RedisSettings($0)) }
            }
            state.values = configuration.cacheStore
            replica.values.replace(with: state.valueServer, life: RedisSection.standardTTL.duration)
        }
    }
}

extension RedisSection {
    /// But for what only locks have.
    fileprivate func isSameServer(as other: RedisSection?) -> Bool {
        guard var other else { return false }
        other.ttl = ttl
        return other == self
    }
}

extension RedisSettings {
    init(_ section: RedisSection) {
        let location: Location =
            switch section.location {
            case .server(let url):
                switch url.place {
                case .server(let host, let port): .server(.tcp(host: host, port: UInt16(clamping: port)))
                case .socket(let path): .server(.unix(path: path))
                }
            case .sentinels(let sentinels, let master, _):
                .sentinels(
                    sentinels.map { .tcp(host: $0.host, port: UInt16(clamping: $0.port)) }, master: master)
            }
        self.init(
            location, username: section.url?.username, password: Self.password(section),
            database: section.url?.database ?? 0,
            keyPrefix: section.keyPrefix, connectTimeout: section.connectTimeout.duration,
            commandTimeout: section.timeout.duration,
            connections: section.connections)
    }

    /// What answers with the password as it is when it is asked for.
    private static func password(_ section: RedisSection) -> (@Sendable () -> String?)? {
        if let file = section.passwordFile { return { try? ConfigurationLoader.secret(file: file).reveal() } }
        guard let password = section.url?.password else { return nil }
        return { password.reveal() }
    }
}
