import CFuzzer
import Foundation
import Fuzzing

/// Runs libFuzzer with one of the targets. The environment variable FUZZ_TARGET names the target, because
/// libFuzzer takes the whole command line, also where it starts this program again.
@main
struct FuzzCommand {
  private static let target = ProcessInfo.processInfo.environment["FUZZ_TARGET"]
    .flatMap(FuzzTarget.init(rawValue:))

  static func main() {
    guard target != nil else {
      let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
      fatalError("FUZZ_TARGET is none of \(names)")
    }
    var count = CommandLine.argc
    var arguments = unsafe Optional(CommandLine.unsafeArgv)
    exit(
      unsafe LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
        unsafe FuzzCommand.check(UnsafeBufferPointer(start: bytes, count: count))
        return 0
      })
  }

  private static func check(_ bytes: UnsafeBufferPointer<UInt8>) {
    if let finding = unsafe target?.finding(in: Array(bytes)) { fatalError(finding) }
  }
}
