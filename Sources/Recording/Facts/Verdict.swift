/// How a run came out, judged from its recording alone.
package enum Verdict: String, Sendable, CaseIterable {
  case passed, failed, limit, interrupted, error
}
