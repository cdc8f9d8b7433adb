import Doctor
import Testing

@Suite struct ExaminationReportTests {
    private static let findings = [
        Finding(.ok, .store, "/data", "works"), Finding(.warning, .tls, "server", "ends", remedy: "renew it"),
        Finding(.failure, .redis, "lock_store.redis", "is gone", remedy: "start it"),
        Finding(.warning, .machine, "descriptors", "are few", remedy: "raise it"),
    ]

    @Test func `the worst is told first, with its remedy`() {
        let text = ExaminationReport(Self.findings).text
        #expect(
            text == """
                FAILED   redis          lock_store.redis: is gone
                                        -> start it
                warning  tls            server: ends
                                        -> renew it
                warning  machine        descriptors: are few
                                        -> raise it
                ok       store          /data: works
                1 failure, 2 warnings, 1 ok

                """)
    }

    @Test(arguments: [
        ([], 0), ([Finding.Severity.ok], 0), ([.note, .ok], 0), ([.ok, .warning], 4), ([.warning, .failure, .ok], 1),
    ])
    func `the exit code says the worst`(severities: [Finding.Severity], code: Int) {
        #expect(ExaminationReport(severities.map { Finding($0, .machine, "a", "b") }).exitCode == Int32(code))
    }

    @Test func `programs read the same`() throws {
        let json = try ExaminationReport([Self.findings[2]]).json()
        #expect(
            json == #"{"findings":[{"area":"redis","message":"is gone","remedy":"start it","severity":"failure","#
                + #""subject":"lock_store.redis"}],"worst":"failure"}"#)
    }

    @Test func `what strangers write cannot steer a terminal`() {
        let finding = Finding(.note, .runtimes, "a\u{1B}[2Jb", "c\nd\u{202E}e", remedy: "\u{9B}31m")
        #expect(finding.subject == "a.[2Jb")
        #expect(finding.message == "c.d.e")
        #expect(finding.remedy == ".31m")
    }
}
