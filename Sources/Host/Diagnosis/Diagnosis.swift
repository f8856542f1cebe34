package import Recording
import WorkerLog

/// Decides why an operation failed, from its system call, its errno and what the kernel's counters did
/// meanwhile. Where several causes cannot be told apart, the result is `unclassified`, with all that was
/// looked at as evidence.
///
/// - Parameters:
///   - before, after: the kernel's series when the phase began, and now.
///   - tightestGroup: the control group that leaves the least memory now; nil where that is not known.
///   - loweredDescriptors: what somebody has lowered the worker's descriptor limit to since the run began; nil
///     where nobody has.
///   - processors: what the processors did meanwhile; nil where that is not known.
package func diagnose(
  _ failure: FailureRecord, before: [Series.Key: Double], after: [Series.Key: Double],
  host: HostDescription, demand: Demand, path: PathFindings = PathFindings(),
  tightestGroup: GroupBound? = nil, loweredDescriptors: Int? = nil,
  processors: ProcessorFindings? = nil
) -> Diagnosed {
  let context = DiagnosisContext(
    before: before, after: after, host: host, demand: demand, path: path,
    tightestGroup: tightestGroup, loweredDescriptors: loweredDescriptors, processors: processors)
  if failure.syscall == FailureRecord.memoryGuardCall { return context.memoryGuard(failure) }
  switch (FailedCall(named: failure.syscall), failure.errno?.name) {
  case (.socket, "EMFILE"), (.accept, "EMFILE"):
    return context.descriptorsOfProcess(failure)
  case (.socket, "ENFILE"), (.accept, "ENFILE"):
    return context.descriptorsOfHost(failure)
  case (.epollControl, "ENOSPC"):
    return context.epollWatches(failure)
  case (.epollControl, "ENOMEM"), (.socket, "ENOMEM"), (.accept, "ENOMEM"),
    (.epollControl, "ENOBUFS"), (.socket, "ENOBUFS"), (.accept, "ENOBUFS"), (.secure, "ENOMEM"):
    return context.memory(failure)

  case (.connect, "EADDRNOTAVAIL"):
    return context.sourcePorts(failure)
  case (.bind, "EADDRINUSE") where context.port(of: failure) == 0:
    return context.kernelPorts(failure)
  case (.bind, "EADDRINUSE"), (.listen, "EADDRINUSE"):
    return context.portTaken(failure)
  case (.bind, "EADDRNOTAVAIL"), (.socket, "EAFNOSUPPORT"):
    return context.sourceAddress(failure)

  case (.bind, "EACCES"):
    return context.portOfRoot(failure)

  case (.connect, "ETIMEDOUT"), (.connectTimeout, _):
    return context.connectTimeout(failure)
  case (.secure, "ETIMEDOUT"), (.webSocket, "ETIMEDOUT"), (.mqtt, "ETIMEDOUT"):
    return context.layerTimeout(failure)
  case (.secure, "ECONNRESET"), (.secure, "EPIPE"), (.webSocket, "ECONNRESET"),
    (.webSocket, "EPIPE"), (.mqtt, "ECONNRESET"), (.mqtt, "EPIPE"):
    return context.brokenOffOnTopOfTCP(failure)
  case (.secure, _), (.webSocket, _), (.mqtt, _):
    return context.refusedOnTopOfTCP(failure)
  case (.connect, "ECONNREFUSED"):
    return context.refused(failure)
  case (.connect, "EHOSTUNREACH"), (.connect, "ENETUNREACH"), (.connect, "EPERM"),
    (.connect, "EACCES"), (.connect, "EINVAL"), (.connect, "EHOSTDOWN"), (.connect, "ENONET"),
    (.connect, "ENOPROTOOPT"):
    return context.noRoute(failure)
  case (.read, "ECONNRESET"), (.write, "ECONNRESET"), (.write, "EPIPE"), (.read, "EPIPE"),
    (.read, nil), (.closed, nil), (.closed, "ECONNRESET"), (.closed, "EPIPE"),
    // A refused handshake is ECONNREFUSED; this one was finished, and reset before the client looked.
    (.connect, "ECONNRESET"):
    return context.closedByPeer(failure)

  default:
    return context.unclassified(failure)
  }
}

/// Decides why a worker died.
package func diagnose(
  _ worker: WorkerRecord, before: [Series.Key: Double], after: [Series.Key: Double],
  host: HostDescription, demand: Demand
) -> Diagnosed {
  DiagnosisContext(before: before, after: after, host: host, demand: demand).death(of: worker)
}
