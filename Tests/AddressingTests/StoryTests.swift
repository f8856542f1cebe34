import GoldenFiles
import Testing

@testable import Addressing

/// What is read and written of addresses, ranges and ports reads as it did.
@Suite struct StoryTests {
  @Test func `addresses and ranges`() throws {
    let texts = [
      "", "1.2.3.4", "127.0.0.1", "126.255.255.255", "128.0.0.0", "0.0.0.0", "255.255.255.255",
      "10.0.0.0", "11.0.0.0", "9.255.255.255", "172.15.255.255", "172.16.0.0", "172.31.255.255",
      "172.32.0.0", "192.167.255.255", "192.168.0.0", "192.169.0.0", "169.253.0.0", "169.254.0.0",
      "169.255.0.0", "1.2.3", "1.2.3.4.5", "256.1.1.1", "::", "::1", "::2", "fe80::", "fe7f::",
      "febf::1",
      "fec0::", "fc00::", "fbff::", "fdff::", "fe00::", "::ffff:1.2.3.4", "::fffe:1.2.3.4",
      "2001:db8::",
      "1.2.3.4\u{0}", "x", "1.2.3.4-1.2.3.4", "1.2.3.4-1.2.3.5", "1.2.3.5-1.2.3.4", "::1-1.2.3.4",
      "::1-::9", "::1-::1", "::9-::1", "::-::ff:ffff", "::-::100:0",
      "10.0.0.0-11.0.0.0", "10.0.0.0-10.255.255.255", "::-::ffffff", "::-::1:0:0", "1.2.3.4/32",
      "1.2.3.4/31",
      "1.2.3.4/30", "1.2.3.4/29", "1.2.3.4/24", "10.0.0.0/8", "10.0.0.0/7", "0.0.0.0/0",
      "1.2.3.4/33",
      "1.2.3.4/-1", "1.2.3.4/x", "1.2.3.4/", "1.2.3.4/08", "::1/128", "::1/127", "::1/126",
      "::1/104", "::1/103",
      "::1/129", "ffff::ffff/120", " 1.2.3.4", "1.2.3.4 - 1.2.3.6", "1.2.3.4 / 30", "-", "/",
      "1.2.3.4-",
    ]
    var lines = texts.map { text in
      let address = IPAddress(text).map { ip in
        let next = [-1, 0, 1, 255, 1 << 33].map { ip.advanced(by: $0).map { "\($0)" } ?? "-" }
        return
          "\(ip) \(ip.isLoopback) \(ip.isUnspecified) \(ip.isNearby) \(ip.isV6) \(ip.unmapped) \(next)"
      }
      do throws(AddressRange.Problem) {
        let range = try AddressRange(text)
        return "\(text.debugDescription): \(address ?? "-"); \(range) of \(range.count),"
          + " \(range[0]) to \(range[range.count - 1])"
      } catch {
        return "\(text.debugDescription): \(address ?? "-"); \(error)"
      }
    }
    for text in [
      "1.2.3.4:80", "[::1]:80", "::1:80", "1.2.3.4:0", "1.2.3.4:65535", "1.2.3.4:65536", "1.2.3.4",
      ":80",
      "[1.2.3.4]:80", "[::1]80", "[::1", "1.2.3.4:", "1.2.3.4:+5", "1.2.3.4:05", "x:80",
    ] {
      lines.append("\(text): \(told(SocketAddress(text).map { "\($0)" } as Any))")
    }
    #expect(try difference("addresses.txt", lines.joined(separator: "\n") + "\n") == nil)
  }

  @Test func `sets of ports`() throws {
    var lines: [String] = []
    for seed in 0..<120 as Range<UInt64> {
      var chance = Chance(seed)
      let edges: [UInt16] = [1, 5, 9, 10, 11, 20, 65_534, 65_535]
      func range(_ chance: inout Chance) -> ClosedRange<UInt16> {
        let (one, other) = (chance.pick(edges), chance.pick(edges))
        return min(one, other)...max(one, other)
      }
      let whole = PortSet(range(&chance))
      let others = (0..<chance.below(3)).map { _ in range(&chance) }
      let left = whole.subtracting(others)
      let probe = range(&chance)
      let places = [0, 1, left.count / 2, left.count - 1].filter { (0..<left.count).contains($0) }
      lines.append(
        "\(whole) without \(others): \(left), \(left.count), at \(places.map { left[$0] });"
          + " \(probe): \(left.count(in: probe)), \(edges.filter(left.contains))")
    }
    #expect(try difference("ports.txt", lines.joined(separator: "\n") + "\n") == nil)
  }
}
