import FoundationEssentials

/// All findings, the worst first.
public struct ExaminationReport: Sendable, Equatable {
    public let findings: [Finding]

    /// - Parameter findings: Within one severity they stay in this order.
    public init(_ findings: [Finding]) {
        self.findings = Finding.Severity.allCases.reversed().flatMap { severity in
            findings.filter { $0.severity == severity }
        }
    }

    /// ``Finding/Severity/ok`` where there is none.
    public var worst: Finding.Severity { findings.first?.severity ?? .ok }

    /// 0 if nothing is wrong, 4 if there are warnings, 1 if something fails.
    public var exitCode: Int32 {
        switch worst {
        case .ok, .note: 0
        case .warning: 4
        case .failure: 1
        }
    }

    /// One finding a line, remedies below, and a count at the end.
    public var text: String {
        var lines: [String] = []
        for finding in findings {
            let mark = finding.severity == .failure ? "FAILED" : finding.severity.rawValue
            lines.append("\(pad(mark, 9))\(pad(finding.area.rawValue, 15))\(finding.subject): \(finding.message)")
            if let remedy = finding.remedy { lines.append("\(pad("", 24))-> \(remedy)") }
        }
        return (lines + [summary]).joined(separator: "\n") + "\n"
    }

    private var summary: String {
        let counts = Finding.Severity.allCases.reversed().compactMap { severity -> String? in
            let count = findings.count { $0.severity == severity }
            return switch severity {
            case .ok: "\(count) ok"
            case _ where count == 0: nil
            default: "\(count) \(severity.rawValue)\(count == 1 ? "" : "s")"
            }
        }
        return counts.joined(separator: ", ")
    }

    private func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 1))
    }

    /// `{"findings":[...],"worst":"..."}` on one line.
    public func json() throws -> String {
        struct Document: Encodable {
            let findings: [Finding]
            let worst: Finding.Severity
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(Document(findings: findings, worst: worst)), as: UTF8.self)
    }
}
