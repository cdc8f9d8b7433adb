internal import OCI

/// What the name of a file in a spool folder asks for (Reposure's names): `team\app:1.0.tar.gz` is to be pushed as
/// `team/app:1.0`, `team\app:1.0!` is to be deleted, and what ends with `~` is still being written.
public enum SpoolName: Sendable, Equatable {
    case push(ImageName)
    case delete(ImageName)

    /// Taken off the names of archives; what else follows a dot belongs to the name.
    private static let endings = [".tar.gz", ".tar.zst", ".tar.xz", ".tar", ".tgz", ".tzst", ".txz"]

    /// Whether nobody is to touch it: hidden, or not complete.
    public static func isIgnored(_ file: String) -> Bool { file.hasPrefix(".") || file.hasSuffix("~") }

    /// Nil unless it is the name of an image.
    public init?(_ file: String) {
        let isDeletion = file.hasSuffix("!")
        var text = isDeletion ? file.dropLast() : file[...]
        if let ending = Self.endings.first(where: { text.lowercased().hasSuffix($0) }) {
            text = text.dropLast(ending.count)
        }
        guard let name = ImageName(text.replacing("\\", with: "/")) else { return nil }
        self = isDeletion ? .delete(name) : .push(name)
    }
}
