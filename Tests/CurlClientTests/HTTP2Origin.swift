import Foundation
import TestSupport

/// nginx that speaks HTTP/2 and HTTP/1.1 over TLS and serves files of a folder on its stage.
struct HTTP2Origin {
    struct LogLine: Hashable {
        let httpVersion: String
        let status: Int
        let bytes: Int
        let path: String
    }

    let port: UInt16
    private let log: URL

    var url: String { "https://127.0.0.1:\(port)" }

    /// - Parameter files: contents by path below the root.
    init(on stage: Stage, _ certificates: TestCertificates, files: [String: Data]) async throws {
        let folder = try stage.makeDirectory("origin")
        for (path, content) in files {
            let file = folder.appending(path: "root/\(path)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try content.write(to: file)
        }
        port = FreePorts.next()
        log = folder.appending(path: "access.log")
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(folder.path)/\($0);" }.joined(separator: " ")
        try """
        daemon off; master_process off; pid \(folder.path)/nginx.pid; error_log stderr;
        events { worker_connections 256; }
        http {
            \(temporary)
            log_format entry '$server_protocol $status $body_bytes_sent $uri';
            access_log \(log.path) entry;
            server {
                listen 127.0.0.1:\(port) ssl http2;
                ssl_certificate \(certificates.server); ssl_certificate_key \(certificates.serverKey);
                root \(folder.path)/root;
                default_type application/octet-stream;
            }
        }
        """.write(to: folder.appending(path: "nginx.conf"), atomically: true, encoding: .utf8)
        let process = try stage.start(
            "nginx", ["-p", folder.path, "-e", "stderr", "-c", folder.appending(path: "nginx.conf").path])
        let port = port
        try await process.waitUntilReady { FreePorts.isListening(port) }
    }

    /// What nginx says it has served once it has said so of `count` requests: it writes when a response is through.
    func served(_ count: Int) async throws -> [LogLine] {
        let lines = try await eventually(within: .seconds(10)) {
            let text = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
            let lines = text.split(separator: "\n").compactMap(Self.parse)
            return lines.count >= count ? lines : nil
        }
        return lines ?? []
    }

    private static func parse(_ line: Substring) -> LogLine? {
        let parts = line.split(separator: " ")
        guard parts.count == 4, let status = Int(parts[1]), let bytes = Int(parts[2]) else { return nil }
        return LogLine(httpVersion: String(parts[0]), status: status, bytes: bytes, path: String(parts[3]))
    }
}
