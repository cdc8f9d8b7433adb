/// What runs without a configuration file. `entrepot config show --default` prints what becomes of it.
enum EmbeddedDefaults {
    /// How problems and origins call this text.
    static let name = "(embedded defaults)"

    /// Parsed once.
    static let document: Result<SettingNode, ConfigurationProblems> = {
        do throws(ConfigurationProblems) {
            return .success(try TOMLDocument.parse(toml, file: name))
        } catch {
            return .failure(error)
        }
    }()

    static let toml = """
        [server]
        default_repository = "docker.io"

        [[repository."docker.io".upstream]]
        url = "https://registry-1.docker.io"

        [[repository."ghcr.io".upstream]]
        url = "https://ghcr.io"

        [[repository."quay.io".upstream]]
        url = "https://quay.io"

        [[repository."registry.k8s.io".upstream]]
        url = "https://registry.k8s.io"

        [[repository."gcr.io".upstream]]
        url = "https://gcr.io"

        [[repository."mcr.microsoft.com".upstream]]
        url = "https://mcr.microsoft.com"

        [[repository."public.ecr.aws".upstream]]
        url = "https://public.ecr.aws"

        [repository.local]

        """
}
