/// Whether the built-in server waits for EPOLLOUT before it answers. Raw values: the words of plans and `serve`.
package enum ServerReadiness: String, Sendable, CaseIterable {
  /// Answers at once; waits for EPOLLOUT only when the socket's send buffer is full.
  case direct
  /// EPOLLIN, then EPOLLOUT, then EPOLLIN again for every answer.
  case rearm
}
