/// Headers whose values are others in each response to the same request.
package enum VolatileHeaders {
  /// The names, in lower case. docs/capture.md lists them.
  package static let names: Set<String> = [
    // Clocks and caches: RFC 9110, 6.6.1, 8.8 and RFC 9111, 5.
    "date", "expires", "age", "last-modified", "etag",
    // Sessions: RFC 6265.
    "set-cookie",
    // Names of the request, by which logs are searched.
    "x-request-id", "request-id", "x-correlation-id", "x-trace-id", "traceresponse",
    "x-amz-request-id", "x-amzn-requestid", "x-amzn-trace-id", "cf-ray",
    // How long it took, and what is left of an allowance.
    "server-timing", "x-runtime", "x-response-time", "ratelimit-remaining", "ratelimit-reset",
    "x-ratelimit-remaining", "x-ratelimit-reset",
  ]
}

extension RecordedConversation {
  /// The conversation in which the values of `VolatileHeaders` may be anything, where the server's side is HTTP/1.x.
  /// A value that came in several steps is moved to the last one of them, as far as the client said nothing
  /// in between.
  package var withVolatileHeaders: RecordedConversation {
    let transcript = HTTPTranscript(
      responses: bytes(ofClient: false),
      to: HTTPTranscript(requests: bytes(ofClient: true)))
    let values = transcript.messages.flatMap(\.fields)
      .filter { VolatileHeaders.names.contains($0.name) }.map(\.value)
    guard !values.isEmpty else { return self }
    var marked = self
    var rest = values[...]
    // How many bytes the server said before the step.
    var start = 0
    for index in marked.steps.indices {
      guard case .receive(let bytes, _) = marked.steps[index].action else { continue }
      let end = start + bytes.count
      rest = rest.drop { $0.upperBound < start }
      let anything = rest.prefix { $0.lowerBound < end }.map {
        max($0.lowerBound, start) - start..<min($0.upperBound, end) - start
      }
      marked.steps[index].action = .receive(bytes, anything: anything)
      start = end
    }
    for index in marked.steps.indices { marked.closeRange(atEndOf: index) }
    marked.steps.removeAll { $0.action == .receive([]) }
    return marked
  }

  /// Sees to it that a range at the end of a step has a byte behind it: in the next step, if this is one of the server,
  /// too. Where the client speaks in between, the range is no longer one. At the server's end it stays.
  private mutating func closeRange(atEndOf index: Int) {
    guard case .receive(var bytes, var anything) = steps[index].action,
      let range = anything.last, range.upperBound == bytes.count
    else { return }
    let isLast = !steps[(index + 1)...].contains {
      if case .receive = $0.action { true } else { false }
    }
    if isLast { return }
    anything.removeLast()
    if case .receive(let next, let nextRanges) = steps[index + 1].action {
      let moved = bytes[range]
      bytes.removeSubrange(range)
      var ranges = nextRanges.map { $0.lowerBound + moved.count..<$0.upperBound + moved.count }
      if ranges.first?.lowerBound == moved.count {
        ranges[0] = 0..<ranges[0].upperBound
      } else {
        ranges.insert(0..<moved.count, at: 0)
      }
      steps[index + 1].action = .receive(Array(moved) + next, anything: ranges)
      if bytes.isEmpty { steps[index + 1].after += steps[index].after }
    }
    steps[index].action = .receive(bytes, anything: anything)
  }
}
