import Testing
import Upstream

@Suite struct ChallengeTests {
    struct Case: Sendable {
        let values: [String]
        let wanted: [Challenge]
    }

    static let understood: [Case] = [
        Case(
            values: [
                #"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a:pull,push""#
            ],
            wanted: [
                Challenge(
                    scheme: "bearer",
                    parameters: [
                        "realm": "https://auth.docker.io/token", "service": "registry.docker.io",
                        "scope": "repository:a:pull,push",
                    ])
            ]),
        Case(
            values: [#"bEARER REALM="/token""#], wanted: [Challenge(scheme: "bearer", parameters: ["realm": "/token"])]),
        Case(
            values: ["Bearer realm=https://a.example/token,service=a.example"],
            wanted: [
                Challenge(scheme: "bearer", parameters: ["realm": "https://a.example/token", "service": "a.example"])
            ]),
        Case(
            values: [#"Basic realm="x", charset="UTF-8", Bearer realm="y" , service = "z""#],
            wanted: [
                Challenge(scheme: "basic", parameters: ["realm": "x", "charset": "UTF-8"]),
                Challenge(scheme: "bearer", parameters: ["realm": "y", "service": "z"]),
            ]),
        Case(
            values: [#"Basic realm="x""#, #"Bearer realm="y""#],
            wanted: [
                Challenge(scheme: "basic", parameters: ["realm": "x"]),
                Challenge(scheme: "bearer", parameters: ["realm": "y"]),
            ]),
        Case(
            values: [#"Bearer realm="a \"quoted\" \\ b, c=d" service="no comma""#],
            wanted: [
                Challenge(scheme: "bearer", parameters: ["realm": #"a "quoted" \ b, c=d"#, "service": "no comma"])
            ]),
        Case(values: ["Negotiate, NTLM, Basic"], wanted: ["Negotiate", "NTLM", "Basic"].map { Challenge(scheme: $0) }),
        Case(
            values: ["Negotiate YWJjZA==, Basic realm=x"],
            wanted: [
                Challenge(scheme: "negotiate", parameters: ["ywjjza": "="]),
                Challenge(scheme: "basic", parameters: ["realm": "x"]),
            ]),
        Case(
            values: [#"Bearer realm="first",realm="second""#],
            wanted: [Challenge(scheme: "bearer", parameters: ["realm": "first"])]),
        Case(
            values: [#"Bearer realm="never closed"#],
            wanted: [Challenge(scheme: "bearer", parameters: ["realm": "never closed"])]),
        Case(values: [",,, Basic ,,realm=x,,"], wanted: [Challenge(scheme: "basic", parameters: ["realm": "x"])]),
    ]

    @Test(arguments: understood)
    func whatRegistriesSendIsUnderstood(_ sample: Case) {
        #expect(Challenge.parse(sample.values) == sample.wanted)
    }

    @Test(arguments: ["", " ", "=", "\"", "\"\"", ",,,", "realm=\"x\"", "=x", "\\", "{}", "\u{0}\u{1}", "é", "@@@ @@@"])
    func garbageIsNoChallenge(_ value: String) {
        #expect(Challenge.parse([value]).allSatisfy { $0.parameters["realm"] == nil })
    }

    @Test func muchIsNotRead() {
        #expect(Challenge.parse([String(repeating: "Basic ", count: 10_000)]).isEmpty)
        #expect(Challenge.parse([String](repeating: "Basic, Basic", count: 1000)).count == 16)
    }
}
