/// How a surrogate is reached: by a program that runs one elsewhere and carries what it reads and writes.
public enum SurrogateRoute: Sendable, Equatable {
    case ssh(String)
    case kubernetes(namespace: String, pod: String)
    /// - Parameter program: `docker`, `podman` or another that is told the same.
    case container(program: String, String)
    /// Any other, with its arguments, at whose end there is `entrepot surrogate`.
    case program([String])

    /// Parses `ssh:HOST`, `kubectl:NAMESPACE/POD`, `docker:CONTAINER` or `podman:CONTAINER`.
    public init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let place = String(text[text.index(after: colon)...])
        // What begins with a dash would be an option of the program.
        guard !place.isEmpty, !place.hasPrefix("-") else { return nil }
        switch text[..<colon] {
        case "ssh": self = .ssh(place)
        case "docker", "podman": self = .container(program: String(text[..<colon]), place)
        case "kubectl":
            let parts = place.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && !$0.hasPrefix("-") }) else { return nil }
            self = .kubernetes(namespace: parts[0], pod: parts[1])
        default: return nil
        }
    }

    /// The program, and what it is told.
    var command: [String] {
        let surrogate = ["entrepot", "surrogate"]
        return switch self {
        // Nobody answers questions: standard input is what is carried.
        case .ssh(let host): ["ssh", "-T", "-o", "BatchMode=yes", host] + surrogate
        case .kubernetes(let namespace, let pod): ["kubectl", "exec", "-i", "-n", namespace, pod, "--"] + surrogate
        case .container(let program, let name): [program, "exec", "-i", name] + surrogate
        case .program(let command): command
        }
    }
}
