import FoundationEssentials
import Recording

/// What `serve` prints when it ends: the counts of its workers, from start to end.
struct ServeTotals {
  let endpoints: [String]
  /// Seconds.
  let duration: Double
  let accepted: Int
  /// The most connections that one look, every 100 ms, has found at once.
  let most: Int
  /// Connections open when the server ended.
  let held: Int
  /// Connections that ended with a process that died.
  let lost: Int
  /// Connections that their peers closed or reset, or that broke.
  let closed: Int
  /// Bytes.
  let received: Int
  /// Bytes.
  let sent: Int
  let limits: [LimitRecord]

  var text: String {
    """
    served for \(Format.duration(seconds: duration)): \(Format.count(accepted)) accepted, \
    \(Format.count(most)) seen at once, \(Format.count(closed)) closed, \
    \(Format.count(held)) open at the end\(lostText)
    received \(Format.bytes(received)), sent \(Format.bytes(sent))

    """ + limits.map(Self.text).joined()
  }

  private static func text(of limit: LimitRecord) -> String {
    "met a limit: \(limit.cause), \(Format.count(limit.count)) \(limit.count == 1 ? "time" : "times")\n"
  }

  private var lostText: String {
    lost == 0 ? "" : ", \(Format.count(lost)) lost with a process that died"
  }

  /// One JSON object on one line.
  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let object = Object(
      version: 1, endpoints: endpoints, duration: (duration * 1000).rounded() / 1000,
      accepted: accepted, most: most, held: held, lost: lost, closed: closed,
      bytes: Bytes(received: received, sent: sent),
      limits: limits.map {
        Limit(
          end: $0.end.rawValue, syscall: $0.syscall, errno: $0.errno?.name,
          resource: $0.resource.rawValue, count: $0.count, knob: $0.knob, now: $0.now,
          needed: $0.needed, fix: $0.fix)
      })
    // Encoding numbers and texts cannot fail.
    return String(decoding: (try? encoder.encode(object)) ?? Data(), as: UTF8.self)
  }

  private struct Object: Encodable {
    let version: Int
    let endpoints: [String]
    let duration: Double
    let accepted, most, held, lost, closed: Int
    let bytes: Bytes
    let limits: [Limit]
  }

  private struct Bytes: Encodable {
    let received, sent: Int
  }

  private struct Limit: Encodable {
    let end: String
    let syscall, errno: String?
    let resource: String
    let count: Int
    let knob: String?
    let now, needed: Int?
    let fix: String?
  }
}
