/// How a server waits until it may answer. The raw values are the words of plans and of `serve`.
package enum ServerReadiness: String, Sendable, CaseIterable {
  /// Answers at once; waits for EPOLLOUT only when the socket is full.
  case direct
  /// EPOLLIN, then EPOLLOUT, then EPOLLIN again for every answer.
  case rearm
}
