import Access
import Configuration
import OCI

extension AccessControl {
    /// Who may do what, as the configuration has it.
    ///
    /// - Parameter passwords: Outlives configurations.
    init(_ configuration: Configuration, passwords: PasswordVerifier) {
        self.init(
            users: Users(configuration.identities.map(\.user)), policies: AccessPolicies(configuration),
            passwords: passwords)
    }
}

extension AccessPolicies {
    init(_ configuration: Configuration) {
        self.init(
            global: configuration.accessPolicy,
            repositories: Dictionary(
                configuration.repositories.compactMap { section in section.accessPolicy.map { (section.name, $0) } },
                uniquingKeysWith: { first, _ in first }),
            fallback: configuration.defaultAccess)
    }
}
