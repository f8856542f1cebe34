package import SystemPackage
package import WorkerLog

/// Why a worker could not start: the system call that failed, and its errno.
package struct WorkerSetupFailure: Error, Equatable {
  package let call: FailedCall
  package let errno: Errno
}

/// Runs `body`. Turns an errno that it throws into a `WorkerSetupFailure` of this call.
func starting<Value: ~Copyable>(
  _ call: FailedCall, _ body: () throws(Errno) -> Value
) throws(WorkerSetupFailure) -> Value {
  do throws(Errno) {
    return try body()
  } catch {
    throw WorkerSetupFailure(call: call, errno: error)
  }
}
