import Foundation
import TestSupport

/// A proxy of Debian's between clients and an Entrepot.
struct FrontProxy: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        /// Adds `X-Forwarded-For` and sets `X-Forwarded-Proto`.
        case nginx
        case haproxyVersion1, haproxyVersion2
        /// Adds `X-Forwarded-For` and the request's id.
        case haproxyHTTP

        var speaksProxyProtocol: Bool { self == .haproxyVersion1 || self == .haproxyVersion2 }
    }

    let port: UInt16
    let process: RunningProcess

    var url: String { "http://127.0.0.1:\(port)" }

    /// - Parameter others: Servers that take turns with `server`; for nginx.
    static func start(
        _ kind: Kind, on stage: Stage, before server: UInt16, and others: [UInt16] = []
    ) async throws -> FrontProxy {
        let port = FreePorts.next()
        let process: RunningProcess
        switch kind {
        case .nginx:
            let folder = try stage.makeDirectory("nginx")
            let file = try stage.write(
                nginx(port: port, servers: [server] + others, folder: folder.path), to: "nginx-\(port).conf")
            process = try stage.start("nginx", ["-p", folder.path, "-c", file.path], name: "nginx")
        case .haproxyHTTP:
            let file = try stage.write(haproxy(port: port, server: server), to: "haproxy-\(port).cfg")
            process = try stage.start("haproxy", ["-db", "-f", file.path], name: "haproxy")
        case .haproxyVersion1, .haproxyVersion2:
            let option = kind == .haproxyVersion1 ? "send-proxy" : "send-proxy-v2"
            let file = try stage.write(
                haproxy(port: port, server: server, option: option), to: "haproxy-\(port).cfg")
            process = try stage.start("haproxy", ["-db", "-f", file.path], name: "haproxy")
        }
        try await process.waitUntilReady { FreePorts.isListening(port) }
        return FrontProxy(port: port, process: process)
    }

    private static func nginx(port: UInt16, servers: [UInt16], folder: String) -> String {
        let lines = servers.map { "server 127.0.0.1:\($0) max_fails=0;" }.joined(separator: " ")
        return """
            daemon off;
            user root;
            pid \(folder)/pid;
            error_log stderr;
            events {}
            http {
              access_log off;
              client_body_temp_path \(folder)/body;
              proxy_temp_path \(folder)/proxy;
              fastcgi_temp_path \(folder)/fastcgi;
              uwsgi_temp_path \(folder)/uwsgi;
              scgi_temp_path \(folder)/scgi;
              upstream servers { \(lines) }
              server {
                listen 127.0.0.1:\(port);
                client_max_body_size 0;
                location / {
                  proxy_pass http://servers;
                  proxy_http_version 1.1;
                  proxy_request_buffering off;
                  proxy_buffering off;
                  proxy_set_header Connection "";
                  proxy_set_header Host $http_host;
                  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                  proxy_set_header X-Forwarded-Proto https;
                  proxy_set_header X-Request-Id $request_id;
                }
              }
            }

            """
    }

    private static func haproxy(port: UInt16, server: UInt16) -> String {
        """
        defaults
          mode http
          timeout connect 5s
          timeout client 30s
          timeout server 30s
        frontend clients
          bind 127.0.0.1:\(port)
          option forwardfor
          unique-id-format %{+X}o%ci%cp%fi%fp%Ts%rt%pid
          http-request set-header X-Request-Id %[unique-id]
          default_backend entrepot
        backend entrepot
          server one 127.0.0.1:\(server)

        """
    }

    private static func haproxy(port: UInt16, server: UInt16, option: String) -> String {
        """
        defaults
          mode tcp
          timeout connect 5s
          timeout client 30s
          timeout server 30s
        frontend clients
          bind 127.0.0.1:\(port)
          default_backend entrepot
        backend entrepot
          server one 127.0.0.1:\(server) \(option)

        """
    }
}
