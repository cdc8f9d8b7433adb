import Testing

@testable import Configuration

/// Whom events are told, as it is shown.
struct NotificationSectionTests {
    @Test(arguments: [
        ("https://hooks.example.com/services/T0/B0/hunter2", "https://hooks.example.com"),
        ("http://ci.example.com:8080/events?sig=hunter2", "http://ci.example.com:8080"),
        ("https://ci.example.com?hunter2", "https://ci.example.com"),
    ])
    func `what follows a receiver's host may be its secret and is not shown`(url: String, origin: String) throws {
        let configuration = try ConfigurationLoader.load(
            text: """
                [[notifications.endpoint]]
                name = "ci"
                url = "\(url)"
                [observability.tracing]
                endpoint = "https://c.example.com/v1/traces?key=hunter2"
                """)
        #expect(configuration.notificationEndpoints[0].url.reveal() == url)
        var dumped = ""
        dump(configuration.notificationEndpoints, to: &dumped)
        let shown = configuration.toml()
        for text in [shown, dumped, "\(configuration.notificationEndpoints)"] { #expect(!text.contains("hunter2")) }
        #expect(shown.contains("url = \"\(origin)\"\n# what follows the host in url is (secret)\n"))
        #expect(shown.contains("endpoint = \"https://c.example.com/v1/traces\"\n# the query of endpoint is (secret)\n"))
    }

    @Test func `an address without more is shown as it is`() throws {
        let configuration = try ConfigurationLoader.load(
            text: "[[notifications.endpoint]]\nname = \"ci\"\nurl = \"https://ci.example.com\"")
        #expect(!configuration.toml().contains("(secret)"))
        #expect(try ConfigurationLoader.load(text: configuration.toml()) == configuration)
    }
}
