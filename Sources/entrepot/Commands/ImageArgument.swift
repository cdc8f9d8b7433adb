import ArgumentParser
import OCI

/// `acme/app`, `acme/app:1.0`, `acme/app@sha256:...`
struct ImageArgument: ExpressibleByArgument, CustomStringConvertible {
    let name: RepositoryName
    let reference: Reference?

    init?(argument: String) {
        // Names here have no colon: the first one begins the tag, or stands in the digest.
        let end = argument.firstIndex { $0 == ":" || $0 == "@" } ?? argument.endIndex
        guard let name = RepositoryName(argument[..<end]) else { return nil }
        self.name = name
        guard end < argument.endIndex else {
            reference = nil
            return
        }
        guard let reference = Reference(argument[argument.index(after: end)...]) else { return nil }
        self.reference = reference
    }

    var digest: Digest? {
        if case .digest(let digest)? = reference { digest } else { nil }
    }

    var description: String {
        switch reference {
        case nil: "\(name)"
        case .tag(let tag)?: "\(name):\(tag)"
        case .digest(let digest)?: "\(name)@\(digest)"
        }
    }
}
