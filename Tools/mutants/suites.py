"""The suites of the test bundle: which changes each of them reaches, and what it says of one."""
import dataclasses
import os
import pathlib
import re
import resource
import signal
import subprocess
import time

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
FAILED = re.compile(r"✘ Test (?:case passing .*? to )?(.*?)(?: recorded an issue| failed after)")
STARTED = re.compile(r"◇ Test (?!case|run)(.*?) started")
# A process of its own for all that a test starts, with a network of its own: two at a time are in
# nobody's way, and nothing is left when one is ended. The shell stays, as the first process of all.
APART = ["unshare", "--pid", "--net", "--mount", "--ipc", "--fork", "--kill-child", "--mount-proc",
         "sh", "-c", 'ip link set lo up && "$@"; exit $?', "sh"]
# What a suite may take, as seconds of processor and as seconds, beside what it took without a change.
LEAST_BUSY, LEAST_WAIT = 30, 180


@dataclasses.dataclass
class Suite:
    name: str
    seconds: float = 0
    reaches: frozenset = frozenset()

    @property
    def target(self):
        return self.name.split(".")[0]


class Bundle:
    def __init__(self, clone, place):
        self.clone, self.place = clone, place
        self.program = next((clone / ".build/debug").glob("*.xctest"))

    def suites(self):
        said = subprocess.run(
            [str(self.program), "--testing-library", "swift-testing", "--list-tests"],
            cwd=self.clone, text=True, capture_output=True).stdout
        names = {line.split("/")[0] for line in said.splitlines() if "/" in line}
        return [Suite(name) for name in sorted(names)]

    def command(self, suite):
        return APART + [
            str(self.program), "--testing-library", "swift-testing", "--no-parallel",
            "--filter", "^" + re.escape(suite.name) + "/"]

    def learn(self, suite, count):
        """Runs a suite without a change; returns what failed, or None."""
        path = pathlib.Path(self.place) / f"reached-{suite.name}"
        path.write_bytes(bytes(count + 1))
        before = time.monotonic()
        failed = self._run(suite, {"RUNNER_MUTANTS_REACHED": str(path)}, 1800, 1800)
        suite.seconds = time.monotonic() - before
        marks = path.read_bytes()
        path.unlink()
        suite.reaches = frozenset(i for i, mark in enumerate(marks) if mark)
        return failed

    def judge(self, suite, number):
        """What a suite says of a change: the test that fails, or None."""
        busy = int(max(LEAST_BUSY, 5 * suite.seconds))
        wait = max(LEAST_WAIT, 10 * suite.seconds)
        return self._run(suite, {"RUNNER_MUTANT": str(number)}, busy, wait)

    def _run(self, suite, variables, busy, wait):
        environment = dict(os.environ, MALLOC_ARENA_MAX="1", **variables)

        def limit():
            os.nice(2)
            resource.setrlimit(resource.RLIMIT_CPU, (busy, busy + 5))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        process = subprocess.Popen(
            self.command(suite), cwd=self.clone, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=limit)
        os.set_blocking(process.stdout.fileno(), False)
        failed, last, rest = None, "", b""
        end = time.monotonic() + wait
        while failed is None:
            ended = process.poll() is not None
            data = process.stdout.read() or b""
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                text = COLOUR.sub("", line.decode(errors="replace"))
                last = STARTED.search(text).group(1) if STARTED.search(text) else last
                if failed is None and FAILED.search(text):
                    failed = FAILED.search(text).group(1)
            if ended:
                break
            if time.monotonic() > end:
                failed = f"{last} (hangs)"
            time.sleep(0.02)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        status = process.wait()
        process.stdout.close()
        if failed is None and status != 0:
            killed = status in (-signal.SIGXCPU, 128 + signal.SIGXCPU, -signal.SIGKILL, 137)
            failed = f"{last} ({'hangs' if killed else 'crashes'})"
        return failed
