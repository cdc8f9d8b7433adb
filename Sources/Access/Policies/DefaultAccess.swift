/// What stands in the place of a global policy where none is configured: `global.default_access`.
public enum DefaultAccess: String, Sendable, CaseIterable {
    /// Everybody may read and write.
    case open
    /// Everybody may read; to write needs an identity, any.
    case reads
}
