/// `[observability.tracing]`: where spans of requests go.
public struct TracingSection: Sendable, Equatable {
    /// The collector's address for OTLP over HTTP, as it is asked.
    public let endpoint: String
    /// Of requests that come without a trace, how many are traced: 0 to 1.
    public let samplingRate: Double
    public let headersFile: String?
    /// Fields for the collector.
    public let headers: [HeaderField]
    public let caBundle: String?
    /// What the spans are of.
    public let resource: [Attribute]

    public struct Attribute: Sendable, Equatable {
        public let key: String
        public let value: String

        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    public init(
        endpoint: String, samplingRate: Double = 1, headersFile: String? = nil, headers: [HeaderField] = [],
        caBundle: String? = nil, resource: [Attribute] = []
    ) {
        self.endpoint = endpoint
        self.samplingRate = samplingRate
        self.headersFile = headersFile
        self.headers = headers
        self.caBundle = caBundle
        self.resource = resource
    }
}
