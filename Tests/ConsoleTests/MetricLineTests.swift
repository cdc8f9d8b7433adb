import Testing

@testable import Console

@Suite struct MetricLineTests {
    @Test func `a sample has name, labels and value`() throws {
        let line = try #require(MetricLine(#"a_total{x="1",y="a\"b\\c\nd, e=}"} 12.5 # {trace_id="ab"} 1"#))
        #expect(line.name == "a_total")
        #expect(line.labels == ["x": "1", "y": "a\"b\\c\nd, e=}"])
        #expect(line.value == 12.5)
        #expect(MetricLine("b 3e5")?.value == 300_000)
        #expect(MetricLine("b{} +Inf")?.value == .infinity)
    }

    @Test(arguments: ["", "# HELP a b", "a", "a{", #"a{x="1"#, #"a{x="1"} "#, "a x", #"a{x=1} 2"#, #"a{x="\"#])
    func `what is none is passed over`(line: String) {
        #expect(MetricLine(line[...]) == nil)
    }
}
