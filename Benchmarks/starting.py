"""From the call to the end of the program."""
import time

from bench import HERE, RUNNER, output, spread


def start(bench):
    print("\nFrom the call to the end of the program, in milliseconds")
    plan = HERE.parent / "plans/ramp-1m.plan"
    for label, arguments in (("runner --help", ["--help"]),
                             ("runner check plans/ramp-1m.plan", ["check", plan])):
        times = []
        for _ in range(4 * bench.pairs):
            before = time.monotonic()
            output([RUNNER, *arguments])
            times.append((time.monotonic() - before) * 1e3)
        bench.line(label, spread(times, 1), sorted(times)[len(times) // 2] < 60)
