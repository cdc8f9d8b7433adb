internal import Access
internal import Events
internal import HTTPServer
internal import OCI
internal import Observability
internal import Tracing

/// What became of a request, carried to the log.
struct RequestNote: Sendable {
    var action: Action?
    /// Nil for who is not known.
    var identity: Identity?
    var error: RegistryError?
    var cache: String?
    /// As it is stored.
    var repository: RepositoryName?
    /// What those are told who want to be; large, and absent where nobody wants to.
    private var told: Told?
    var deed: AuditedDeed?
    /// The key of the namespace that the repository belongs to.
    var namespace: RepositoryName?
    /// Of the request, where it is traced.
    var span: (any Span)?

    private final class Told: Sendable {
        let event: RegistryEvent

        init(_ event: RegistryEvent) { self.event = event }
    }

    var event: RegistryEvent? {
        get { told?.event }
        set { told = newValue.map(Told.init) }
    }

    /// 32 hexadecimal digits; nil where the request is not traced.
    var traceID: String? { span?.context.traceID }
}

extension Response {
    /// What is carried to the log.
    var requestNote: RequestNote? {
        get { (note as? CarriedNote)?.content }
        set { note = newValue.map(CarriedNote.init) }
    }
}

extension Exchange {
    /// Holds ``Response/requestNote``.
    var carriedNote: CarriedNote? { note as? CarriedNote }
}

/// Notes are large, and an answer is handed on many times on its way out.
final class CarriedNote: Sendable {
    let content: RequestNote

    init(_ content: RequestNote) { self.content = content }
}
