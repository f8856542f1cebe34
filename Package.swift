// swift-tools-version: 6.2

import PackageDescription

/// The same rules for every target: Swift 6, nothing existential by accident, `unsafe` spelled
/// out, no warning left standing.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
]

let package = Package(
  name: "runner",
  products: [
    .executable(name: "runner", targets: ["Runner"]),
    .executable(name: "runner-oracle", targets: ["OracleCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .systemLibrary(name: "CLinux"),
    .systemLibrary(
      name: "CLibXML2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .target(name: "Addressing", swiftSettings: strict),
    .target(name: "WorkerLog", swiftSettings: strict),
    .target(name: "Protocols", swiftSettings: strict),
    .target(name: "Messages", dependencies: ["Addressing", "Protocols"], swiftSettings: strict),
    .target(
      name: "Linux",
      dependencies: [
        "Addressing", "CLinux", .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .target(name: "TLS", dependencies: ["Addressing", "COpenSSL"], swiftSettings: strict),
    .target(
      name: "Recording",
      dependencies: ["WorkerLog", .product(name: "GRDB", package: "GRDB.swift")],
      swiftSettings: strict),
    .target(
      name: "Plan",
      dependencies: [
        "Addressing", "Messages", "Protocols", "Recording", "WorkerLog",
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: strict),
    .target(
      name: "Judgement", dependencies: ["Plan", "Recording"], swiftSettings: strict),
    .target(
      name: "Host", dependencies: ["Addressing", "Linux", "Recording", "WorkerLog"],
      swiftSettings: strict),
    .target(
      name: "Probe",
      dependencies: ["Addressing", "Linux", "Messages", "Protocols", "TLS", "WorkerLog"],
      swiftSettings: strict),
    .target(
      name: "Report", dependencies: ["Judgement", "Plan", "Recording", "CLibXML2"],
      resources: [.embedInCode("report.css"), .embedInCode("report.js")], swiftSettings: strict),
    .target(
      name: "Coordination",
      dependencies: [
        "Addressing", "Host", "Judgement", "Linux", "Messages", "Plan", "Probe", "Recording", "TLS",
        "WorkerLog",
      ],
      swiftSettings: strict),
    .target(
      name: "Simulation",
      dependencies: [
        "Addressing", "Coordination", "Host", "Linux", "Plan", "Probe", "Protocols", "Recording",
        "WorkerLog",
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "Runner",
      dependencies: [
        "Addressing", "Coordination", "Linux", "Messages", "Recording", "Plan", "Judgement",
        "Host", "Probe", "Report", "TLS", "WorkerLog",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .target(
      name: "Oracle",
      dependencies: [
        "Addressing", "Coordination", "Judgement", "Linux", "Messages", "Plan", "Recording",
        "Report", "Simulation",
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .target(
      name: "Fuzzing",
      dependencies: [
        "Addressing", "Coordination", "Judgement", "Linux", "Messages", "Plan", "Probe",
        "Protocols", "Recording", "Report", "Simulation", "WorkerLog",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "SystemPackage", package: "swift-system"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "OracleCommand",
      dependencies: [
        "Oracle", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: strict),
    .testTarget(
      name: "AddressingTests", dependencies: ["Addressing", "GoldenFiles"], exclude: ["Golden"]),
    .testTarget(
      name: "MessagesTests", dependencies: ["Addressing", "GoldenFiles", "Messages"],
      exclude: ["Golden"]),
    .testTarget(
      name: "ProtocolsTests", dependencies: ["CAllocations", "GoldenFiles", "Protocols"]),
    .testTarget(name: "LinuxTests", dependencies: ["Addressing", "Linux"]),
    .testTarget(
      name: "TLSTests",
      dependencies: [
        "Addressing", "CAllocations", "Linux", "TLS",
        .product(name: "SystemPackage", package: "swift-system"),
      ]),
    .testTarget(
      name: "RecordingTests",
      dependencies: [
        "DrawnRecordings", "GoldenFiles", "Recording", "WorkerLog",
        .product(name: "GRDB", package: "GRDB.swift"),
        .product(name: "Histogram", package: "hdrhistogram-swift"),
      ],
      exclude: ["Golden", "Versions"]),
    .testTarget(
      name: "PlanTests",
      dependencies: [
        "Addressing", "Fuzzing", "GoldenFiles", "Judgement", "Messages", "Plan", "Recording",
        "WorkerLog",
      ],
      exclude: ["Golden"]),
    .testTarget(
      name: "FuzzingTests", dependencies: ["Fuzzing"], exclude: ["Corpora", "Dictionaries"]),
    .testTarget(
      name: "JudgementTests",
      dependencies: ["DrawnRecordings", "GoldenFiles", "Judgement", "Plan", "Recording"],
      exclude: ["Golden"]),
    .testTarget(
      name: "HostTests",
      dependencies: ["Addressing", "GoldenFiles", "Host", "Linux", "Recording"],
      exclude: ["Golden"]),
    .target(name: "CAllocations", path: "Tests/CAllocations"),
    .target(name: "GoldenFiles", path: "Tests/GoldenFiles", swiftSettings: strict),
    .target(
      name: "DrawnRecordings", dependencies: ["GoldenFiles", "Recording"],
      path: "Tests/DrawnRecordings", swiftSettings: strict),
    .testTarget(
      name: "ProbeTests",
      dependencies: [
        "Addressing", "CAllocations", "GoldenFiles", "Linux", "Messages", "Probe", "Protocols",
        "Simulation", "TLS", "WorkerLog",
      ],
      exclude: ["Messages/Golden", "Simulation/Golden", "Worker/Golden"]),
    .testTarget(
      name: "ReportTests",
      dependencies: [
        "CLibXML2", "DrawnRecordings", "GoldenFiles", "Judgement", "Report", "Plan", "Recording",
        .product(name: "GRDB", package: "GRDB.swift"),
      ],
      exclude: ["Golden"]),
    .testTarget(
      name: "CoordinationTests",
      dependencies: [
        "Addressing", "Coordination", "GoldenFiles", "Host", "Judgement", "Linux", "Messages",
        "Plan",
        "Probe", "Recording", "Simulation", "WorkerLog",
      ],
      exclude: ["Golden"]),
    .testTarget(
      name: "OracleTests",
      dependencies: [
        "Coordination", "GoldenFiles", "Judgement", "Oracle", "Plan", "Recording", "Report",
        "Simulation",
      ],
      exclude: ["Golden"]),
    .testTarget(
      name: "RunnerTests",
      dependencies: [
        "Addressing", "Coordination", "GoldenFiles", "Host", "Judgement", "Linux", "Messages",
        "Plan",
        "Probe", "Recording", "Runner", "Simulation", "WorkerLog",
      ],
      exclude: ["Golden"]),
  ],
  swiftLanguageModes: [.v6]
)

// libFuzzer is linked by `make fuzz` alone.
if Context.environment["RUNNER_FUZZ"] != nil {
  package.targets += [
    .systemLibrary(name: "CFuzzer"),
    .executableTarget(
      name: "FuzzCommand", dependencies: ["CFuzzer", "Fuzzing"], swiftSettings: strict),
  ]
}
