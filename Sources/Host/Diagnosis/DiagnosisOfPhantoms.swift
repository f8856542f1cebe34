package import Recording

/// Decides why the clients count connections that the server never accepted.
///
/// - Parameter count: how many such connections.
/// - Returns: nil where redirections, drops and queues explain less than half of `count`, and it is
///   unknown whether a queue overflowed: no listener could be asked, the server's counters are
///   another host's, or some listener does not tell its drops.
package func diagnosePhantoms(
  _ count: Int, at endpoints: [String], before: [Series.Key: Double], after: [Series.Key: Double],
  host: HostDescription, demand: Demand, path: PathFindings
) -> Diagnosed? {
  DiagnosisContext(before: before, after: after, host: host, demand: demand, path: path)
    .phantoms(count, at: endpoints)
}

/// Diagnoses of phantoms: connections whose handshake the clients' side finished, and that the server's program
/// never accepted.
extension DiagnosisContext {
  /// Diagnoses why the clients count connections that the server never accepted.
  ///
  /// - Parameter count: how many such connections. Queues that held fewer than half of them are not
  ///   the cause.
  /// - Returns: nil in the cases that `diagnosePhantoms` lists.
  func phantoms(_ count: Int, at endpoints: [String]) -> Diagnosed? {
    let known = endpoints.compactMap { endpoint in
      path.listener(at: endpoint).map { (endpoint: endpoint, listener: $0) }
    }
    func sum(_ queue: (PathFindings.Listener) -> Int) -> Int { known.map(\.listener).sum(queue) }
    func evidence(_ endpoint: String, _ listener: PathFindings.Listener) -> [Fact] {
      [Fact("endpoint", endpoint)] + facts(of: listener)
        + rises(.listenOverflows, .requestQueueCookies, .cookiesSent)
    }
    if 2 * path.redirected >= count {
      let led = Fact(
        "led elsewhere",
        "\(Format.count(path.redirected)): another program of this host has accepted them")
      return Diagnosed(.noRoute, evidence: [led] + firewall)
    }
    // At the end of a phase the run waits while the numbers of connections change (`Coordinator.settle`).
    // `waitingAtLastLook` counts those still in the queue after that. No setting is named: a longer queue would
    // only hold more connections that nobody accepts.
    if let worst = known.max(by: { $0.listener.waitingAtLastLook < $1.listener.waitingAtLastLook }),
      worst.listener.waitingAtLastLook > 0,
      2 * sum(\.waitingAtLastLook) >= count
    {
      return Diagnosed(
        .acceptQueue,
        evidence: evidence(worst.endpoint, worst.listener) + [stateOfQueue])
    }
    // A listener counts every packet that it has dropped, for whatever reason, such as a reset of a handshake
    // that was half done. The network namespace counts overflows only, but those of all its listeners. The
    // smaller of the two numbers is the most that can have overflowed here.
    let overflows = demand.bothEndsHere ? rise(.listenOverflows).map { Int($0) } : nil
    let dropped = min(sum { $0.drops ?? 0 }, overflows ?? .max)
    if let worst = known.max(by: { ($0.listener.drops ?? 0) < ($1.listener.drops ?? 0) }),
      2 * dropped >= count
    {
      return acceptQueue(
        worst.endpoint, evidence(worst.endpoint, worst.listener), worst.listener)
    }
    guard let worst = known.max(by: { $0.listener.mostWaiting < $1.listener.mostWaiting }),
      2 * path.queuedAtDeadline >= count
    else {
      // Where there were overflows and a listener does not tell its drops, the overflows may be its own.
      let hadRoom =
        overflows == 0 || overflows != nil && known.allSatisfy { $0.listener.drops != nil }
      return hadRoom
        ? known.first.flatMap { unfinished(evidence($0.endpoint, $0.listener)) } : nil
    }
    return Diagnosed(
      .acceptQueue,
      evidence: evidence(worst.endpoint, worst.listener) + [
        2 * path.closedWithListener >= count
          ? Fact(
            "the queue",
            "was closed with its listener, which did not accept \(Format.count(path.closedWithListener))"
          )
          : Fact("the queue", "moves: the server accepts too slowly, after the clients have gone")
      ])
  }

  /// Whether a queue in which connections wait moves, as evidence.
  var stateOfQueue: Fact {
    Fact(
      "the queue",
      path.stillAccepts
        ? "moves: the server accepts too slowly" : "does not move: the server does not accept")
  }

  /// Diagnoses phantoms that never waited in a queue, although the queue had room: the packets that finish their
  /// handshakes have not reached the server. Nil where the server's counters are not those of this host.
  private func unfinished(_ evidence: [Fact]) -> Diagnosed? {
    guard demand.bothEndsHere else { return nil }
    return droppedOnTheWay(
      evidence + [
        Fact(
          "not reached",
          "the server has not seen the end of these handshakes: none waits, and it had room")
      ])
  }
}
