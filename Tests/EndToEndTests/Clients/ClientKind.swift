import Foundation
import TestSupport
import Testing

/// The clients that must work. `ENTREPOT_E2E_EXCLUDE_CLIENTS=docker,ctr` leaves some out, where a machine cannot run them.
enum ClientKind: String, Sendable, CaseIterable, CustomTestStringConvertible {
    case skopeo
    case podman
    case buildah
    case ctr
    case docker

    var testDescription: String { rawValue }

    static let enabled: [ClientKind] = {
        let excluded = ProcessInfo.processInfo.environment["ENTREPOT_E2E_EXCLUDE_CLIENTS"] ?? ""
        let names = Set(excluded.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
        return allCases.filter { !names.contains($0.rawValue) }
    }()

    /// A client that has never pulled anything. The Docker daemon takes its mirror when it starts, hence `mirror`.
    func fresh(on stage: Stage, mirror: String) async throws -> any ContainerClient {
        switch self {
        case .skopeo: try Skopeo(stage: stage)
        case .podman: try Podman(stage: stage)
        case .buildah: try Buildah(stage: stage)
        case .ctr: try await Containerd(stage: stage)
        case .docker: try await DockerDaemon(stage: stage, mirror: mirror)
        }
    }

    /// Daemons and mounts need it; without it the test fails and says so.
    static func requireRoot() throws {
        guard geteuid() == 0 else { throw NeedsRoot() }
    }
}

struct NeedsRoot: Error, CustomStringConvertible {
    var description: String {
        """
        this test starts container daemons and mounts file systems: run it as root (sudo make test), \
        or leave client classes out with ENTREPOT_E2E_EXCLUDE_CLIENTS=podman,buildah,ctr,docker
        """
    }
}
