import Doctor
import Foundation
import TestSupport
import Testing

/// What container runtimes are told, as files below a root of the test's own.
@Suite struct RuntimeFilesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var file: String
        var text: String
        var usesTLS = true
        var takesBareNames = false
        var severity: Finding.Severity
        /// Of its message and remedy.
        var words: [String] = []
    }

    private static let hosts = "etc/containerd/certs.d/docker.io/hosts.toml"
    private static let podman = "etc/containers/registries.conf.d/mirror.conf"
    private static let docker = "etc/docker/daemon.json"

    static let cases = [
        Case(
            testDescription: "containerd, as it should be", file: hosts,
            text: "server = 'https://registry-1.docker.io'\n[host.'https://mirror.lan:5000']\n"
                + "capabilities = ['pull', 'resolve']\n", severity: .ok, words: ["docker.io"]),
        Case(
            testDescription: "containerd, by an address of a name", file: hosts,
            text: "[host.'https://other.lan:5000']\n", severity: .ok),
        Case(
            testDescription: "containerd, by server alone", file: hosts, text: "server = 'https://mirror.lan:5000'\n",
            severity: .ok),
        Case(
            testDescription: "containerd, another port", file: hosts, text: "[host.'https://mirror.lan:5001']\n",
            severity: .note, words: ["elsewhere", "mirror.lan:5001"]),
        Case(
            testDescription: "containerd, without TLS", file: hosts, text: "[host.'http://mirror.lan:5000']\n",
            severity: .failure, words: ["asked with http", "write https://"]),
        Case(
            testDescription: "containerd, with a path", file: hosts,
            text: "[host.'https://mirror.lan:5000/v2/docker.io']\n", severity: .failure, words: ["take the path away"]),
        Case(
            testDescription: "containerd, with a path that is meant", file: hosts,
            text: "[host.'https://mirror.lan:5000/v2/docker.io']\noverride_path = true\n", severity: .ok),
        Case(
            testDescription: "containerd, with a path that is nowhere", file: hosts,
            text: "[host.'https://mirror.lan:5000/docker.io']\noverride_path = true\n", severity: .failure),
        Case(
            testDescription: "containerd, content alone", file: hosts,
            text: "[host.'https://mirror.lan:5000']\ncapabilities = ['pull']\n", severity: .warning,
            words: ["what tags mean"]),
        Case(
            testDescription: "containerd, unverified", file: hosts,
            text: "[host.'https://mirror.lan:5000']\nskip_verify = true\n", severity: .warning),
        Case(
            testDescription: "containerd, a registry that is not mirrored",
            file: "etc/containerd/certs.d/quay.io/hosts.toml", text: "[host.'https://mirror.lan:5000']\n",
            severity: .failure, words: ["no mirror", "repository.\"quay.io\".upstream"]),
        Case(
            testDescription: "containerd, all registries", file: "etc/containerd/certs.d/_default/hosts.toml",
            text: "[host.'https://mirror.lan:5000']\n", severity: .ok, words: ["all registries"]),
        Case(
            testDescription: "containerd, a port in a folder's name",
            file: "etc/containerd/certs.d/registry.lan_5000_/hosts.toml", text: "[host.'https://mirror.lan:5000']\n",
            severity: .failure, words: ["registry.lan:5000"]),
        Case(
            testDescription: "containerd, no TOML", file: hosts, text: "[host\n", severity: .failure,
            words: ["line 1", "is not TOML"]),
        Case(
            testDescription: "containerd, older tables", file: "etc/containerd/config.toml",
            text: "version = 2\n[plugins.'io.containerd.grpc.v1.cri'.registry.mirrors.'docker.io']\n"
                + "endpoint = ['https://mirror.lan:5000']\n", severity: .ok),
        Case(
            testDescription: "podman, as it should be", file: podman,
            text: "[[registry]]\nprefix = 'docker.io'\nlocation = 'docker.io'\n[[registry.mirror]]\n"
                + "location = 'mirror.lan:5000/docker.io'\n", severity: .ok, words: ["docker.io"]),
        Case(
            testDescription: "podman, another place for the registry itself", file: podman,
            text: "[[registry]]\nprefix = 'docker.io'\nlocation = 'mirror.lan:5000/docker.io'\n", severity: .ok),
        Case(
            testDescription: "podman, without the namespace", file: podman,
            text: "[[registry]]\nlocation = 'docker.io'\n[[registry.mirror]]\nlocation = 'mirror.lan:5000'\n",
            severity: .failure, words: ["names no namespace", "mirror.lan:5000/docker.io"]),
        Case(
            testDescription: "podman, another registry's namespace", file: podman,
            text: "[[registry]]\nlocation = 'quay.io'\n[[registry.mirror]]\nlocation = 'mirror.lan:5000/docker.io'\n",
            severity: .failure, words: ["images of quay.io where those of docker.io are"]),
        Case(
            testDescription: "podman, plain without saying so", file: podman,
            text: "[[registry]]\nlocation = 'docker.io'\n[[registry.mirror]]\nlocation = 'mirror.lan:5000/docker.io'\n",
            usesTLS: false, severity: .failure, words: ["insecure = true"]),
        Case(
            testDescription: "podman, unverified", file: podman,
            text: "[[registry]]\nlocation = 'docker.io'\n[[registry.mirror]]\nlocation = 'mirror.lan:5000/docker.io'\n"
                + "insecure = true\n", severity: .warning),
        Case(
            testDescription: "podman, blocked", file: podman,
            text: "[[registry]]\nlocation = 'docker.io'\nblocked = true\n[[registry.mirror]]\n"
                + "location = 'mirror.lan:5000/docker.io'\n", severity: .warning, words: ["blocks docker.io"]),
        Case(
            testDescription: "podman, elsewhere", file: podman,
            text: "[[registry]]\nlocation = 'docker.io'\n[[registry.mirror]]\nlocation = 'mirror.gcr.io'\n",
            severity: .note),
        Case(
            testDescription: "Docker, as it should be", file: docker,
            text: #"{"registry-mirrors": ["https://mirror.lan:5000"], "debug": true}"#, takesBareNames: true,
            severity: .ok),
        Case(
            testDescription: "Docker, bare names that nobody takes", file: docker,
            text: #"{"registry-mirrors": ["https://mirror.lan:5000/"]}"#, severity: .failure,
            words: ["default_repository"]),
        Case(
            testDescription: "Docker, with a path", file: docker,
            text: #"{"registry-mirrors": ["https://mirror.lan:5000/docker.io"]}"#, takesBareNames: true,
            severity: .failure, words: ["path"]),
        Case(
            testDescription: "Docker, no JSON", file: docker, text: #"{"registry-mirrors": ["#, severity: .failure,
            words: ["JSON"]),
        Case(
            testDescription: "Docker, something else", file: docker, text: #"{"debug": true}"#, severity: .ok,
            words: ["no runtime"]),
    ]

    @Test(arguments: cases) func `where a file leads is told`(_ one: Case) throws {
        let folder = try TemporaryDirectory()
        try Self.write(one.text, folder.file(one.file))
        let findings = Self.files(folder, one.usesTLS, one.takesBareNames).findings
        let worst = try #require(findings.max { $0.severity < $1.severity })
        #expect(worst.severity == one.severity, "\(findings)")
        let text = "\(worst.message) \(worst.remedy ?? "")"
        for word in one.words { #expect(text.contains(word)) }
        #expect((worst.remedy != nil) == (one.severity > .note), "\(worst)")
    }

    @Test func `folders that Kubernetes passes over are told of`() throws {
        let folder = try TemporaryDirectory()
        let configuration = folder.file("etc/containerd/config.toml")
        try Self.write("[host.'https://mirror.lan:5000']\n", folder.file(Self.hosts))
        try Self.write("version = 2\n", configuration)
        #expect(Self.files(folder).findings.map(\.severity) == [.warning, .ok])
        try Self.write(
            "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\n"
                + "config_path = '/etc/containerd/certs.d:/etc/docker/certs.d'\n", configuration)
        #expect(Self.files(folder).findings.map(\.severity) == [.ok])
    }

    private static func files(
        _ folder: TemporaryDirectory, _ usesTLS: Bool = true, _ takesBareNames: Bool = false
    ) -> RuntimeFiles {
        RuntimeFiles(
            root: folder.path,
            server: MirrorServer(
                usesTLS: usesTLS, port: 5000, names: ["mirror.lan", "192.0.2.7"],
                shares: [
                    MirrorServer.Share(key: "docker.io", registry: "docker.io"),
                    MirrorServer.Share(key: "local", registry: nil),
                ],
                takesBareNames: takesBareNames, addresses: { $0 == "other.lan" ? ["192.0.2.7"] : [] }))
    }

    private static func write(_ text: String, _ path: String) throws {
        let url = URL(fileURLWithPath: path)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }
}
