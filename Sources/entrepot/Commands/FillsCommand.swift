import ArgumentParser
import CurlClient

struct FillsCommand: AdminQuestion {
    static let configuration = CommandConfiguration(
        commandName: "fills", abstract: "Show the downloads under way and how far they are, as JSON.")
    static let question = AdminRequest(.get, "fills")

    @OptionGroup var admin: AdminOptions
}
