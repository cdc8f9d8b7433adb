import Configuration
import Doctor
import NIOPosix

/// Everything that serving depends on, looked at once for the operator.
struct Examination {
    let source: ConfigurationSource
    let areas: Set<Finding.Area>
    /// By which clients know this server, beside the machine's own.
    let names: [String]
    /// Before `/etc`; empty for this machine's own.
    let runtimesRoot: String

    func findings() async -> [Finding] {
        let reading = source.read()
        var found: [Finding] = []
        switch reading.result {
        case .failure(let problems): found += problems.problems.map { $0.finding(.failure) }
        case .success(let configuration):
            found += configurationFindings(configuration)
            if looks(at: .store) { found += await storeFindings(configuration) }
            if looks(at: .tls) { found += tlsFindings(configuration) }
            if looks(at: .redis) { found += await redisFindings(configuration) }
            if looks(at: .upstreams) { found += await upstreamFindings(configuration) }
        }
        // These can be judged by what could be understood.
        if let draft = reading.draft {
            if looks(at: .machine) { found += machineFindings(draft) }
            if looks(at: .runtimes) { found += await runtimeFindings(draft) }
        }
        return found.filter { areas.contains($0.area) || $0.severity == .failure && $0.area == .configuration }
    }

    private func looks(at area: Finding.Area) -> Bool { areas.contains(area) }

    private func configurationFindings(_ configuration: Configuration) -> [Finding] {
        var found = configuration.warnings.map { $0.finding(.warning) }
        do throws(ConfigurationProblems) {
            try ConfigurationTrial.run(configuration, looksAtAll: true)
        } catch {
            found += error.problems.map { $0.finding(.failure) }
        }
        if configuration.isOpenUnsaid {
            found.append(
                Finding(
                    .note, .configuration, "global.default_access",
                    "everybody on this machine may push and delete, as nothing says who may",
                    remedy: "set it, or say who may: [identity.<id>], [global.access_policy]"))
        }
        guard found.isEmpty else { return found }
        let files = source.files.isEmpty ? "the embedded defaults" : source.files.joined(separator: ", ")
        return [Finding(.ok, .configuration, files, "valid")]
    }

    private func machineFindings(_ configuration: Configuration) -> [Finding] {
        var found = [ClockState.current(now: WallClock.seconds()).finding]
        if let room = DescriptorRoom.current(connections: configuration.server.maxConnections) {
            found.append(room.finding)
        }
        let probe = HealthProbe(configuration.server)
        do throws(HealthProbeError) {
            try probe.run()
            found.append(Finding(.ok, .machine, probe.address, "a server answers"))
        } catch {
            found.append(Finding(.note, .machine, probe.address, "no server answers: \(error.message)"))
        }
        return found
    }
}

extension ConfigurationProblem {
    fileprivate func finding(_ severity: Finding.Severity) -> Finding {
        let place = [file.map { file in line.map { "\(file):\($0)" } ?? file }, keyPath.isEmpty ? nil : keyPath]
        return Finding(
            severity, .configuration, place.compactMap { $0 }.joined(separator: ": "), message, remedy: remedy)
    }
}
