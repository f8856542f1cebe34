#!/usr/bin/env python3
"""Shows that `runner compare` calls no equal runs a regression, and finds a server that got slower.

    Benchmarks/compare.py [--pairs 20] [--runner .build/release/runner]

Half of the pairs are runs of plans/quick.plan, half are heartbeats on 2,000 connections. At most one
pair in twenty may be called a regression. Then a server of one thread that takes 2 ms for an answer
is compared with one that takes 2.4 ms, which must be found, and with itself.
"""
import argparse
import json
import pathlib
import selectors
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SERVICE = 0.002
SLOWER = 1.2

HEARTBEATS = """
server: {listen: "127.0.0.1:9000", processes: 1}
clients: {processes: 1}
messages:
  heartbeat: {every: 1s, send: "ping {connection} {sequence}\\n", expect: echo, timeout: 5s}
phases:
  - ramp: {to: 2k, rate: 2k/s}
  - hold: {for: 5s, messages: heartbeat}
  - close: reset
sampling: {every: 250ms}
"""

SERVED = """
target: 127.0.0.1:%d
clients: {processes: 1}
messages:
  heartbeat: {every: 8s, send: "ping {connection} {sequence}\\n", expect: {matches: "^ping"}}
phases:
  - ramp: {to: 2k, rate: 2k/s}
  - hold: {for: 12s, messages: heartbeat}
  - close: reset
"""


def serve(seconds):
    """Echoes what comes, one message after the other, each after so many seconds."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    listener.setblocking(False)
    print(listener.getsockname()[1], flush=True)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                connection, _ = listener.accept()
                selector.register(connection, selectors.EVENT_READ)
                continue
            try:
                received = key.fileobj.recv(4096)
                if received:
                    time.sleep(seconds)
                    key.fileobj.send(received)
            except OSError:
                received = b""
            if not received:
                selector.unregister(key.fileobj)
                key.fileobj.close()


class Check:
    def __init__(self, runner, folder):
        self.runner, self.folder, self.runs = runner, pathlib.Path(folder), 0

    def run(self, plan):
        """Path of the recording of a run, which must have passed."""
        self.runs += 1
        reports = self.folder / str(self.runs)
        command = [self.runner, "run", plan, "--out", reports, "--progress", "none", "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            sys.exit(f"{plan} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return next(reports.glob("**/run.recording"))

    def serving(self, seconds):
        server = subprocess.Popen(
            [sys.executable, __file__, "--serve", str(seconds)], stdout=subprocess.PIPE, text=True)
        try:
            plan = self.folder / "served.plan"
            plan.write_text(SERVED % int(server.stdout.readline()))
            return self.run(plan)
        finally:
            server.kill()
            server.wait()

    def worse(self, base, new):
        """What `compare` calls worse, each with its change."""
        done = subprocess.run(
            [self.runner, "compare", base, new, "--json"], capture_output=True, text=True)
        said = json.loads(done.stdout)
        found = [
            f"{figure['metric']} {figure['relative'] or 0:+.0%}"
            + (f" in {figure['phase']}" if figure["phase"] else "")
            for figure in said["figures"] if figure["verdict"] == "worse"]
        found += [limit["resource"] for limit in said["limits"] if limit["verdict"] == "worse"]
        assert (done.returncode == 99) == bool(found), (done.returncode, found)
        return found

    def tell(self, title, found):
        print(f"{title:42} {'regression: ' + ', '.join(found) if found else 'no regression'}",
              flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--pairs", type=int, default=20)
    arguments.add_argument("--runner", default=ROOT / ".build/release/runner")
    arguments.add_argument("--serve", type=float, help=argparse.SUPPRESS)
    options = arguments.parse_args()
    if options.serve is not None:
        return serve(options.serve)
    with tempfile.TemporaryDirectory() as folder:
        check = Check(options.runner, folder)
        heartbeats = check.folder / "heartbeats.plan"
        heartbeats.write_text(HEARTBEATS)
        regressions = 0
        for pair in range(options.pairs):
            plan = heartbeats if pair % 2 else ROOT / "plans/quick.plan"
            found = check.worse(check.run(plan), check.run(plan))
            regressions += bool(found)
            check.tell(f"{pair + 1:2} {plan.stem}, twice", found)
        base = check.serving(SERVICE)
        again = check.worse(base, check.serving(SERVICE))
        check.tell("a server of 2 ms, twice", again)
        slower = check.worse(base, check.serving(SERVICE * SLOWER))
        check.tell("a server of 2 ms, then of 2.4 ms", slower)
    print(f"{regressions} of {options.pairs} pairs of equal runs called a regression")
    if regressions > max(1, options.pairs // 20) or again or not any(
            name.startswith("rtt.") for name in slower):
        sys.exit("compare is not right")


if __name__ == "__main__":
    main()
