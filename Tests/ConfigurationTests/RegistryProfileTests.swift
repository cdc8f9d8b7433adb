import Configuration
import Testing

@Suite struct RegistryProfileTests {
    @Test func whatIsWrittenIsReadAgain() throws {
        var profile = try #require(RegistryProfile(name: "home", address: "https://registry.example/team"))
        profile.username = "robot \"quoted\""
        profile.passwordFile = "/run/secret"
        profile.authorityBundle = "/etc/ca.pem"
        profile.defaultRepository = "library"
        var profiles = RegistryProfiles([profile])
        profiles.add(try #require(RegistryProfile(name: "a-b_1", address: "localhost:5000")))
        let read = try RegistryProfiles(text: profiles.text, file: "registries.toml")
        #expect(read == profiles)
        #expect(read.all.map(\.name) == ["a-b_1", "home"])
        #expect(read["home"]?.username == profile.username)
    }

    @Test(arguments: [
        ("[registry.home]\nurl = \"x.example\"\nuser = \"u\"", "did you mean 'username'"),
        ("[registry.home]\nusername = \"u\"", "has no url"),
        ("[registry.\"a.b\"]\nurl = \"x.example\"", "no name of a profile"),
        ("[registry.home]\nurl = \"x.example\"\nusername = 1", "is no text"), ("[other]\n", "is not known here"),
        ("registry = 1\n", "is not known here"), ("[registry.home", "is not TOML"),
    ])
    func whatIsWrongIsToldWithItsPlace(text: String, message: String) {
        let problems = #expect(throws: ConfigurationProblems.self) {
            _ = try RegistryProfiles(text: text, file: "registries.toml")
        }
        #expect(problems?.description.contains(message) == true, "\(problems?.description ?? "")")
        #expect(problems?.description.hasPrefix("registries.toml:") == true)
    }

    @Test func aFileThatIsAbsentHoldsNone() throws {
        #expect(try RegistryProfiles(path: "/nonexistent/registries.toml").all.isEmpty)
        #expect(RegistryProfiles.usualPath(environment: ["HOME": "/h"]) == "/h/.config/entrepot/registries.toml")
        #expect(RegistryProfiles.usualPath(environment: [:]) == nil)
    }
}
