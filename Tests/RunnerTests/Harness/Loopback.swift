import Glibc
import Synchronization
import Testing

/// A piece of 127.0.0.0/8, a /24, that no other test of this process uses, and hardly any of
/// another: the server listens on its first address, clients come from the others.
struct Loopback {
  /// One a test. The second byte differs between processes that test at the same time.
  private static let given = Atomic<Int>(0)

  let listen: String
  let port: UInt16
  private let network: String

  /// - Parameter servers: how many ports in a row the server's workers may take.
  init(servers: Int = 8) throws {
    let number = Self.given.add(1, ordering: .relaxed).oldValue
    let second = 32 + (Int(getpid()) + number / 250) % 192
    network = "127.\(second).\(1 + number % 250)"
    listen = "\(network).1"
    port = try Self.freePorts(servers, on: listen)
  }

  var endpoint: String { "\(listen):\(port)" }

  /// As many source addresses as asked for, as a plan writes them.
  func sources(_ count: Int = 4) -> String { "\(network).2-\(network).\(1 + count)" }

  /// One of them, from 1.
  func source(_ number: Int) -> String { "\(network).\(1 + number)" }

  /// The first of `count` ports in a row that nobody listens on.
  private static func freePorts(_ count: Int, on address: String) throws -> UInt16 {
    var first: UInt16 = 9000
    while first < 30_000 {
      let taken = (0..<count).last { (try? Listener(address, first + UInt16($0))) == nil }
      guard let taken else { return first }
      first += UInt16(taken + 1)
    }
    throw NoFreePort()
  }

  private struct NoFreePort: Error {}
}

/// A socket that listens and never accepts.
final class Listener {
  private let descriptor: Int32

  struct Refused: Error { let errno: Int32 }

  init(_ address: String, _ port: UInt16, backlog: Int32 = 1) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var place = sockaddr_in()
    place.sin_family = sa_family_t(AF_INET)
    place.sin_port = port.bigEndian
    place.sin_addr.s_addr = inet_addr(address)
    let bound = withUnsafePointer(to: place) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard bound == 0, Glibc.listen(descriptor, backlog) == 0 else {
      // The descriptor goes with `deinit`, which runs for an initialiser that throws here, too.
      throw Refused(errno: errno)
    }
  }

  deinit { close(descriptor) }
}
