import Configuration
import Doctor
import FoundationEssentials
import NIOCore
import OCI
import Threads

extension Examination {
    func runtimeFindings(_ configuration: Configuration) async -> [Finding] {
        let server = configuration.server
        let own = (try? System.enumerateDevices())?.compactMap { $0.address?.ipAddress?.lowercased() } ?? []
        let bound = server.bindAddress.host.lowercased()
        var names: Set<String> =
            ["0.0.0.0", "::"].contains(bound)
            ? Set(own).union(["localhost", "127.0.0.1", "::1", ProcessInfo.processInfo.hostName.lowercased()])
            : bound == "127.0.0.1" || bound == "::1" ? [bound, "localhost"] : [bound]
        names.formUnion(self.names.map { $0.lowercased() })
        let mirror = MirrorServer(
            usesTLS: server.tls != nil, port: server.port, names: names,
            shares: configuration.repositories.map {
                MirrorServer.Share(key: $0.name.value, registry: $0.namespace?.text)
            },
            takesBareNames: server.defaultRepository != nil,
            addresses: { host in
                (try? SocketAddress.makeAddressResolvingHost(host, port: 0))?.ipAddress.map { [$0] } ?? []
            })
        let files = RuntimeFiles(root: runtimesRoot, server: mirror)
        // Fails only when the program ends.
        return (try? await ThreadPool.shared.run { files.findings }) ?? []
    }
}
