import Logging
import Testing

@testable import Observability

@Suite struct LogFormatTests {
    private static let fields = [(key: "a", value: "one"), (key: "b", value: "two words"), (key: "c", value: "")]

    @Test func textIsForPeople() {
        let line = LogFormat.text.line(.warning, "entrepot.registry", "it \u{1b}[31mfailed", Self.fields)
        #expect(line.hasSuffix(#"Z warning entrepot.registry: it \u001b[31mfailed a=one b="two words" c="""# + "\n"))
    }

    @Test func theJournalReadsTheLevel() {
        #expect(LogFormat.journal.line(.error, "entrepot", "x", []) == "<3>entrepot: x\n")
    }

    @Test func jsonIsOneObjectALine() {
        let line = LogFormat.json.line(.info, "entrepot", "a \"b\"\n", Self.fields)
        #expect(line.hasPrefix(#"{"time":""#))
        #expect(
            line.hasSuffix(
                #"","level":"info","logger":"entrepot","message":"a \"b\"\u000a","a":"one","b":"two words","c":""}"#
                    + "\n"))
    }

    @Test(
        arguments: [
            ("x\nentrepot: y", #""x\u000aentrepot: y""#), (#"a"b"#, #""a\"b""#), ("plain-1.2/3", "plain-1.2/3"),
        ])
    func nobodyWritesALineOfSomebodyElses(value: String, written: String) {
        let line = LogFormat.text.line(.info, "entrepot", "x", [(key: "k", value: value)])
        #expect(line.hasSuffix("entrepot: x k=\(written)\n"))
        #expect(line.split(separator: "\n").count == 1)
    }

    @Test func timesAreRFC3339() {
        #expect(LogFormat.timestamp(seconds: 1_700_000_000, milliseconds: 7) == "2023-11-14T22:13:20.007Z")
    }
}
