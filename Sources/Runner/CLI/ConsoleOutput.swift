import Judgement
import Linux
import Plan
import SystemPackage

/// Says on standard error what went wrong, and returns `code`, the exit code for it.
func complain(_ text: String, _ code: Int32) -> Int32 {
  StandardError.write("runner: \(text)\n")
  return code
}

/// Prints a result on standard output. Returns nil, or the exit code for a result that could not be printed.
func tell(_ text: String) -> Int32? {
  do throws(Errno) {
    try StandardOutput.write(text)
    return nil
  } catch {
    return complain("standard output cannot be written: \(error)", ExitStatus.notWritten)
  }
}
