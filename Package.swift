// swift-tools-version: 6.2
import PackageDescription

/// Every target is held to the same rules; `make test` and CI add `-warnings-as-errors`.
let strict: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioConcurrency = Target.Dependency.product(name: "NIOConcurrencyHelpers", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let tracing = Target.Dependency.product(name: "Tracing", package: "swift-distributed-tracing")
let instrumentation = Target.Dependency.product(name: "Instrumentation", package: "swift-distributed-tracing")
let metrics = Target.Dependency.product(name: "Metrics", package: "swift-metrics")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = [], exclude: [String] = [])
    -> Target
{
    .testTarget(
        name: name, dependencies: dependencies, exclude: exclude, resources: resources, swiftSettings: strict)
}

/// Only where Tests/Fuzz/run asks for it: it links with libFuzzer alone.
let fuzzing: [Target] =
    Context.environment["ENTREPOT_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "fuzz", dependencies: ["FuzzTargets"], path: "Tests/Fuzz/Runner",
            swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])])
    ]

let package = Package(
    name: "entrepot",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "entrepot", targets: ["entrepot"]),
        .library(name: "RegistryClient", targets: ["RegistryClient"]),
        .library(name: "SurrogateClient", targets: ["SurrogateClient"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // C modules: header and shims, no logic.
        .systemLibrary(
            name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
        .systemLibrary(
            name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),

        .systemLibrary(
            name: "CArgon2", pkgConfig: "libargon2", providers: [.apt(["libargon2-dev"]), .brew(["argon2"])]),
        .systemLibrary(name: "CCrypt", providers: [.apt(["libcrypt-dev"])]),

        .systemLibrary(name: "CAllocator"),
        .systemLibrary(name: "CClock"),
        .systemLibrary(name: "CFileStatus"),
        .systemLibrary(name: "CFileWriting"),
        .systemLibrary(name: "CThreads"),
        .systemLibrary(name: "CSpawn"),
        .systemLibrary(
            name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"]), .brew(["libarchive"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),

        // Without its pkg-config file, whose flags the package manager does not take.
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"]), .brew(["hiredis"])]),

        .target(name: "CRE2", linkerSettings: [.linkedLibrary("re2")]),

        // Leaves: reusable, know no server.
        library("OCI"),
        library("TextEncodings"),
        library("Fairness"),
        library("Console", [nioConcurrency]),
        library("ChildProcesses", ["CSpawn"]),
        library("CEL", ["CRE2", "TextEncodings"]),
        library("CELConformance", ["CEL"]),
        library("Threads", ["CThreads", nioCore, nioConcurrency]),
        library("Hashing", ["CCrypto", "OCI", nioCore]),
        library("CurlClient", ["CCurl", "Threads", nioCore, nioConcurrency]),
        library("SigV4", ["CCrypto", "TextEncodings"]),

        // What the process tells of itself.
        library(
            "Observability",
            [
                "Threads", .product(name: "CoreMetrics", package: "swift-metrics"), nioCore, nioConcurrency, lifecycle,
                logging, instrumentation, tracing,
            ]),

        // What others are told of content.
        library("Events", ["Observability", "SigV4", "Threads", nioConcurrency, lifecycle, logging, metrics]),

        // Ports, layout, typed configuration.
        library("Coordination", [nioCore, nioConcurrency, metrics]),
        library("Storage", ["Coordination", "Hashing", "OCI", "Observability", nioCore, nioConcurrency, metrics]),
        library(
            "Access",
            [
                "CArgon2", "CCrypt", "CCrypto", "CEL", "Fairness", "OCI", "TextEncodings", "Threads", nioCore,
                nioConcurrency,
                metrics,
            ]),
        library("Tokens", ["CCrypto", "OCI", "Storage", "TextEncodings", "Threads", nioCore, nioConcurrency]),
        library("Retention", ["CEL", "OCI"]),
        library(
            "Configuration",
            [
                "Access", "CEL", "CFileStatus", "CRE2", "Events", "OCI", "Observability", "Retention", "TextEncodings",
                "Tokens",
            ]),

        // What the server needs of its machine.
        library("Doctor", ["CClock", "Configuration"]),

        // Adapters: one port each.
        library("FileStorage", ["CFileWriting", "Storage", "Threads", nioCore, nioConcurrency]),
        library(
            "S3Storage",
            [
                "Coordination", "CurlClient", "SigV4", "Storage", "TextEncodings", "Threads", nioCore,
                nioConcurrency, metrics,
            ]),
        library(
            "LocalTier",
            ["Coordination", "Hashing", "OCI", "Storage", "Threads", nioCore, nioConcurrency, logging, metrics]),
        library("RedisCoordination", ["CHiredis", "Coordination", "Threads", nioConcurrency]),
        library(
            "Upstream",
            [
                "OCI", "ChildProcesses", "CZlib", "CurlClient", "Observability", "TextEncodings", "Threads", nioCore,
                nioConcurrency, logging, metrics, tracing,
            ]),

        // A client for programs: images are pulled from registries and pushed to them.
        library("RegistryClient", ["CurlClient", "Hashing", "OCI", "TextEncodings", "Upstream", nioCore, logging]),

        // The same where only a pipe leads to a registry.
        library("SurrogateClient", ["ChildProcesses", "OCI", "Threads"]),

        // What replicas do together.
        library(
            "Cluster",
            [
                "Access", "CCrypto", "Coordination", "CurlClient", "Hashing", "OCI", "TextEncodings", "Threads",
                "Upstream",
                nioCore,
                nioConcurrency, logging, metrics, lifecycle,
            ]),

        // Use cases.
        library(
            "Registry",
            [
                "Cluster", "Coordination", "OCI", "Hashing", "Observability", "Storage", "Upstream", "Threads", nioCore,
                nioConcurrency, logging, metrics, lifecycle, tracing,
            ]),

        // What runs by itself: what is held is kept within its bounds.
        library(
            "Janitor",
            [
                "Cluster", "Coordination", "OCI", "Registry", "Retention", "Storage", "Threads", nioCore,
                nioConcurrency,
                logging, metrics, lifecycle,
            ]),

        // Images carried between sites.
        library("Bundle", ["CArchive", "Hashing", "OCI", "Storage", "TextEncodings", "Tokens", nioCore]),
        library(
            "Transfer",
            [
                "Bundle", "Hashing", "OCI", "Registry", "RegistryClient", "Storage", "Threads", "Upstream", nioCore,
                nioConcurrency, lifecycle, logging,
            ]),

        // The edge and the specification's endpoints.
        library(
            "HTTPServer",
            ["Fairness", nioCore, nioPosix, nioHTTP1, nioTLS, nioSSL, nioConcurrency, logging, metrics, lifecycle]),
        library(
            "DistributionAPI",
            [
                "Access", "Cluster", "Events", "HTTPServer", "Janitor", "OCI", "Observability", "Registry", "Storage",
                "TextEncodings", "Tokens", "Upstream", nioCore, nioHTTP1, nioSSL, nioConcurrency, logging, metrics,
                instrumentation,
                tracing,
            ]),

        .executableTarget(
            name: "entrepot",
            dependencies: [
                "Access", "Bundle", "CAllocator", "ChildProcesses", "Cluster", "Configuration", "Console",
                "Coordination", "CurlClient",
                "DistributionAPI",
                "Doctor", "Events", "FileStorage", "HTTPServer",
                "Hashing", "Janitor", "LocalTier", "Retention",
                "OCI", "Observability", "RedisCoordination",
                "Registry", "RegistryClient", "S3Storage", "SigV4", "Storage", "SurrogateClient", "TextEncodings",
                "Tokens",
                "Transfer", "Upstream",
                "Threads",
                logging, metrics,
                lifecycle,
                unixSignals, nioCore,
                nioPosix,
                nioConcurrency, nioSSL,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .executableTarget(name: "cel-vectors", dependencies: ["CELConformance"], swiftSettings: strict),
        .executableTarget(
            name: "metrics-cost",
            dependencies: [
                "DistributionAPI", "OCI", "Observability", .product(name: "CoreMetrics", package: "swift-metrics"),
            ],
            path: "Tests/Bench/MetricsCost", swiftSettings: strict),

        // Tests.
        .target(
            name: "TestSupport",
            dependencies: [
                "ChildProcesses", "CurlClient", "OCI", "Hashing", "Storage", "Upstream", "Registry", "Threads", nioCore,
                nioPosix,
                nioHTTP1,
                nioSSL, nioConcurrency, logging,
            ],
            path: "Tests/TestSupport", swiftSettings: strict),
        // What reads bytes of strangers, for libFuzzer and for the tests that read its corpus again.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "Bundle", "CEL", "CHiredis", "Configuration", "DistributionAPI", "HTTPServer", "OCI",
                "RedisCoordination", "S3Storage", "TextEncodings", "Tokens", "Transfer", "Upstream", nioCore, nioHTTP1,
            ],
            path: "Tests/Fuzz/Targets", swiftSettings: strict),
        tests("FuzzTests", ["FuzzTargets"]),
        tests("DocumentationTests"),
        tests("OCITests", ["OCI"]),
        tests("CELTests", ["CEL", "CELConformance"], resources: [.copy("Vectors")]),
        tests("DoctorTests", ["Doctor", "TestSupport"]),
        tests("ConsoleTests", ["Console", nioConcurrency]),
        tests("TextEncodingsTests", ["TextEncodings"]),
        tests("ChildProcessesTests", ["ChildProcesses", "TestSupport"]),
        tests("SigV4Tests", ["SigV4"], exclude: ["Support"]),
        tests(
            "S3StorageTests",
            [
                "S3Storage", "SigV4", "Coordination", "CurlClient", "Hashing", "Registry", "Storage", "OCI",
                "TestSupport", "Threads", nioCore, nioPosix, nioConcurrency,
            ]),
        tests("HashingTests", ["Hashing", "OCI", nioCore]),
        tests("TokensTests", ["Tokens", "OCI", "Storage", "TestSupport", "TextEncodings", nioCore, nioConcurrency]),
        tests("CurlClientTests", ["CurlClient", "TestSupport", nioCore, nioPosix, nioHTTP1, nioConcurrency]),
        tests("CoordinationTests", ["Coordination", "RedisCoordination", "TestSupport", nioConcurrency]),
        tests("ClusterTests", ["Access", "Cluster", "Coordination", "OCI", "Upstream", nioConcurrency]),
        tests(
            "ObservabilityTests",
            [
                "Observability", .product(name: "CoreMetrics", package: "swift-metrics"), nioCore, nioPosix,
                nioConcurrency, logging, instrumentation, tracing,
            ]),
        tests("EventsTests", ["Events", "SigV4", "TestSupport", nioConcurrency, logging]),
        tests(
            "StorageTests",
            ["FileStorage", "Hashing", "Storage", "OCI", "TestSupport", "Threads", nioCore, nioConcurrency]),
        tests("ThreadsTests", ["Threads", nioConcurrency]),
        tests("AccessTests", ["Access", "CEL", "OCI", "TestSupport", "Threads", nioCore, nioConcurrency]),
        tests(
            "ConfigurationTests", ["Access", "Configuration", "OCI", "Observability", "Tokens", "TestSupport"],
            exclude: ["BrokenFiles", "Support"]),
        tests(
            "LocalTierTests",
            [
                "LocalTier", "Coordination", "Hashing", "OCI", "Storage", "TestSupport", "Threads", nioCore,
                nioConcurrency, logging,
            ]),
        tests("FileStorageTests", ["FileStorage", "Storage", "OCI", "Hashing", "TestSupport", "Threads", nioCore]),
        tests(
            "UpstreamTests",
            [
                "Upstream", "CurlClient", "OCI", "TestSupport", "TextEncodings", nioCore, nioHTTP1, nioConcurrency,
                logging,
            ]),
        tests(
            "RegistryClientTests",
            [
                "CurlClient", "Hashing", "OCI", "RegistryClient", "TestSupport", "Upstream", nioCore, nioHTTP1,
                nioConcurrency,
            ]),
        tests("SurrogateClientTests", ["Hashing", "OCI", "SurrogateClient", "TestSupport", nioCore]),
        tests(
            "RegistryTests",
            [
                "Cluster", "Coordination", "Registry", "Upstream", "FileStorage", "Storage", "OCI", "Hashing",
                "TestSupport", nioCore, nioConcurrency, logging,
            ]),
        tests(
            "JanitorTests",
            [
                "CEL", "Coordination", "FileStorage", "Janitor", "Registry", "Retention", "Storage", "OCI", "Hashing",
                "TestSupport", "Upstream", "Threads", nioCore, nioConcurrency,
                logging,
            ]),
        tests("BundleTests", ["Bundle", "Hashing", "OCI", "TestSupport", "Threads", "Tokens", nioCore]),
        tests(
            "TransferTests",
            [
                "Bundle", "FileStorage", "Hashing", "OCI", "Registry", "RegistryClient", "Storage", "TestSupport",
                "Threads", "Tokens",
                "Transfer",
                "Upstream", nioCore, nioConcurrency, logging,
            ]),
        tests(
            "HTTPServerTests",
            [
                "HTTPServer", "TestSupport", nioCore, nioPosix, nioHTTP1, nioSSL, nioEmbedded, nioConcurrency, logging,
                lifecycle,
            ]),
        tests(
            "DistributionAPITests",
            [
                "Access", "DistributionAPI", "HTTPServer", "Observability", "Registry", "Upstream", "FileStorage",
                "Storage", "OCI", "Hashing", "TextEncodings", "Tokens", "TestSupport", "Threads", nioCore, nioPosix,
                nioHTTP1,
                nioSSL, logging,
            ]),
        tests(
            "EndToEndTests",
            ["TestSupport", "OCI", "Hashing", nioCore, nioHTTP1, nioConcurrency],
            exclude: ["README.md", "Support"]),
    ] + fuzzing,
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
