package import SystemPackage
package import WorkerLog

/// Why a worker could not start: the system call that it cannot do without, and what it said.
package struct WorkerSetupFailure: Error, Equatable {
  package let call: FailedCall
  package let errno: Errno
}

/// Names the system call of an errno.
func starting<Value: ~Copyable>(
  _ call: FailedCall, _ body: () throws(Errno) -> Value
) throws(WorkerSetupFailure) -> Value {
  do throws(Errno) {
    return try body()
  } catch {
    throw WorkerSetupFailure(call: call, errno: error)
  }
}
