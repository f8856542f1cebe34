"""The clone in which changes are planted, and its build."""
import pathlib
import re
import shutil
import subprocess

HELPER = """import Glibc

/// A variable of this process, or of the first of its namespace: tests start programs with few variables.
private func setting(_ name: String) -> String? {
  if let text = unsafe getenv(name) { return unsafe String(cString: text) }
  let file = unsafe open("/proc/1/environ", O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  var bytes = [UInt8](repeating: 0, count: 1 << 17)
  let count = unsafe read(file, &bytes, bytes.count)
  guard count > 0 else { return nil }
  for line in bytes[..<count].split(separator: 0) {
    let text = String(decoding: line, as: UTF8.self)
    if text.hasPrefix(name + "=") { return String(text.dropFirst(name.count + 1)) }
  }
  return nil
}

/// One byte for each change, set when its place is reached: which tests reach it is found so.
nonisolated(unsafe) private let reached: UnsafeMutablePointer<UInt8>? = {
  guard let path = setting("RUNNER_MUTANTS_REACHED") else { return nil }
  let file = unsafe open(path, O_RDWR | O_CLOEXEC)
  guard file >= 0 else { return nil }
  defer { close(file) }
  let size = Int(lseek(file, 0, Int32(SEEK_END)))
  guard size > 0 else { return nil }
  guard let map = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0),
    unsafe map != MAP_FAILED
  else { return nil }
  return unsafe map.assumingMemoryBound(to: UInt8.self)
}()

private let chosen: Int = {
  setting("RUNNER_MUTANT").flatMap { Int($0) } ?? 0
}()

/// Whether this one of all planted changes is switched on.
@inline(never)
func isMutant(_ number: Int) -> Bool {
  if let reached = unsafe reached { unsafe reached[number] = 1 }
  return number == chosen
}
"""


class BuildFailed(Exception):
    pass


class Clone:
    """A clone of the tree as it stands in its last commit. What was built in it before is used again."""

    def __init__(self, root, place):
        self.path = place / "clone"
        if not (self.path / ".git").exists():
            run(["git", "clone", "-q", str(root), str(self.path)])
        else:
            run(["git", "fetch", "-q", str(root), "HEAD"], self.path)
        revision = run(["git", "rev-parse", "HEAD"], root).strip()
        run(["git", "checkout", "-q", "-f", revision], self.path)
        run(["git", "clean", "-q", "-f", "-d", "-e", "IsMutant.swift"], self.path)
        resolved = root / "Package.resolved"
        if resolved.exists():
            shutil.copy(resolved, self.path)
        # Changes leave code without effect, of which the compiler warns.
        package = self.path / "Package.swift"
        package.write_text(package.read_text().replace("  .treatAllWarnings(as: .error),\n", ""))
        self.texts = {}

    def text(self, file):
        if file not in self.texts:
            self.texts[file] = (self.path / file).read_text()
        return self.texts[file]

    def plant(self, chosen):
        """Writes all files anew that have changes; one that reads the same keeps its date."""
        by_file = {}
        for change in chosen:
            by_file.setdefault(change.file, []).append(change)
        for file in self.texts:
            text = self.text(file)
            for change in sorted(by_file.get(file, []), key=lambda c: -c.start):
                switched = change.text.replace("@", f"isMutant({change.number})", 1)
                text = text[: change.start] + switched + text[change.end :]
            write(self.path / file, text)
        for target in {pathlib.Path(file).parts[1] for file in self.texts}:
            write(self.path / "Sources" / target / "IsMutant.swift", HELPER)

    def build(self, chosen, log):
        """Builds, without the changes that do not compile; returns those that are left."""
        left, unsaid = list(chosen), 0
        for _ in range(60):
            self.plant(left)
            with open(log, "w") as output:
                done = subprocess.run(
                    ["nice", "-n", "2", "swift", "build", "--build-tests"], cwd=self.path,
                    stdout=output, stderr=subprocess.STDOUT)
            if done.returncode == 0:
                return left
            wrong = self._wrong(left, pathlib.Path(log).read_text(errors="replace"))
            if not wrong:
                # A machine that is short of something may have ended the compiler.
                unsaid += 1
                if unsaid < 3:
                    continue
                raise BuildFailed(f"the build fails, and no change is to blame: see {log}")
            left = [change for change in left if change not in wrong]
            for change in wrong:
                print(f"  does not compile: {change.file}:{change.line} {change.said()}", flush=True)
        raise BuildFailed(f"too many changes do not compile: see {log}")

    def _wrong(self, left, output):
        places = set(re.findall(rf"{re.escape(str(self.path))}/(\S+?):(\d+):\d+: error:", output))
        wrong = []
        for file, line in places:
            inside = [c for c in left if c.file == file]
            line = int(line)
            hit = [c for c in inside if c.line <= line <= c.line + c.text.count("\n")]
            # An error may be told a few lines away: a closure's type, a variable without a value.
            hit = hit or sorted(inside, key=lambda c: abs(c.line - line))[:1]
            wrong += [c for c in hit if c not in wrong]
        return wrong


def write(path, text):
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def run(command, place=None):
    return subprocess.run(
        command, cwd=place, check=True, text=True, stdout=subprocess.PIPE).stdout
