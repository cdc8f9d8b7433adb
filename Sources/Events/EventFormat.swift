internal import FoundationEssentials

/// How events are written for an endpoint.
public enum EventFormat: String, Sendable, CaseIterable {
    /// The envelope of CNCF distribution's notifications, several events in one.
    case distribution
    /// CloudEvents 1.0 in structured mode, one event in each request.
    case cloudevents

    /// How many events one request carries.
    var most: Int { self == .distribution ? 50 : 1 }

    var contentType: String {
        switch self {
        case .distribution: "application/vnd.docker.distribution.events.v2+json"
        case .cloudevents: "application/cloudevents+json; charset=utf-8"
        }
    }

    /// - Parameter instance: Whose events these are: the name of this server.
    func body(_ events: [RegistryEvent], instance: String) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data: Data?
        switch self {
        case .distribution: data = try? encoder.encode(Envelope(events: events.map { Entry($0, instance) }))
        case .cloudevents: data = try? events.first.map { try encoder.encode(CloudEvent($0, instance)) }
        }
        // Only numbers that are no numbers cannot be written, and there are none.
        return Array(data ?? Data())
    }

    private struct Envelope: Encodable {
        var events: [Entry]
    }

    /// `notifications.Event` of distribution.
    private struct Entry: Encodable {
        struct Target: Encodable {
            var mediaType: String?
            var digest: String?
            var size: Int64?
            var length: Int64?
            var repository: String
            var fromRepository: String?
            var url: String?
            var tag: String?
        }
        struct Request: Encodable {
            var id: String
            var addr: String?
            var host: String?
            var method: String
            var useragent: String?
        }
        struct Actor: Encodable {
            var name: String?
        }
        struct Source: Encodable {
            var addr: String?
            var instanceID: String
        }
        var id: String
        var timestamp: String
        var action: String
        var target: Target
        var request: Request
        var actor: Actor
        var source: Source

        init(_ event: RegistryEvent, _ instance: String) {
            id = event.id
            timestamp = event.time
            action = event.action.rawValue
            target = Target(
                mediaType: event.mediaType, digest: event.digest, size: event.size, length: event.size,
                repository: event.repository, fromRepository: event.source,
                url: event.request.path.map {
                    "\(event.request.scheme ?? "http")://\(event.request.host ?? instance)\($0)"
                }, tag: event.tag)
            request = Request(
                id: event.request.id, addr: event.request.client, host: event.request.host,
                method: event.request.method, useragent: event.request.userAgent)
            actor = Actor(name: event.actor)
            source = Source(addr: event.request.host, instanceID: instance)
        }
    }

    private struct CloudEvent: Encodable {
        var specversion = "1.0"
        var id: String
        var source: String
        var type: String
        var subject: String
        var time: String
        var datacontenttype = "application/json"
        var data: RegistryEvent

        init(_ event: RegistryEvent, _ instance: String) {
            id = event.id
            source = "/entrepot/\(instance)"
            type = "io.entrepot.\(event.action.rawValue)"
            subject =
                event.repository + (event.tag.map { ":\($0)" } ?? event.digest.map { "@\($0)" } ?? "")
            time = event.time
            data = event
        }
    }
}
