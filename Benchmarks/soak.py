#!/usr/bin/env python3
"""Holds connections for long, with churn and heartbeats, and looks each second at what grows.

    Benchmarks/soak.py [--minutes 20] [--connections 100000] [--runner PATH] [--out DIR]

Memory and descriptors of the coordinator, the clients and the servers, the kernel's memory, and the
recording are looked at from outside, once a second. After a warm-up each line has to be flat: the
median of all slopes between two instants, over the whole time, may not come to more than a twentieth
of the level and a little. The recording grows by design: its bytes a sample are told, and its
growth may not double. A plot and all samples are left in the directory. Exits with 1 when something grows or the run
does not pass. Time is no part of the verdict; a busy machine only has fewer samples.
"""
import argparse
import contextlib
import csv
import datetime
import json
import os
import pathlib
import signal
import sqlite3
import statistics
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import plot

HERE = pathlib.Path(__file__).resolve().parent
LIFETIME = 2
MEBI = 2**20
ROLES = ("coordinator", "client", "server")
# What may be called flat: a share of the level, and as much beside it.
SHARE = 0.05
SLACK = {"pss": 2 * MEBI, "rss": 2 * MEBI, "descriptors": 64, "kernel": 32 * MEBI}
# So much of the steady time counts as warm-up: caches, lists that are as long as they will ever be.
WARM_UP = 0.2
# Fewer tell no slope.
FEWEST_SAMPLES = 20


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--minutes", type=float, default=20)
    arguments.add_argument("--connections", type=count, default=100_000)
    arguments.add_argument("--runner", type=pathlib.Path, default=HERE.parent / ".build/release/runner")
    arguments.add_argument("--out", type=pathlib.Path, default=HERE.parent / "reports/soak")
    options = arguments.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    samples, result, phase = run(options)
    steady = [each for each in samples if phase.warm <= each["time"] <= phase.ended]
    write(options.out / "soak.csv", samples, phase)
    (options.out / "soak.svg").write_text(plot.panels(panels(samples, phase), phase.shaded))
    print(f"{result['connections']['established']:,} connections at once, "
          f"{phase.ended - phase.started:.0f} s of churn and heartbeats, {len(samples)} samples, "
          f"{len(steady)} after the warm-up; exit {result['exit']}")
    complaints = judged(steady)
    if result["exit"] != 0:
        complaints.append(f"the run did not pass: {result['verdict']}")
    complaints += recording(steady, phase)
    print(f"drawn in {options.out / 'soak.svg'}, samples in {options.out / 'soak.csv'}")
    for complaint in complaints:
        print(f"NOT FLAT OR NOT WHOLE: {complaint}")
    sys.exit(1 if complaints else 0)


def count(text):
    """20000, 20k or 1M."""
    unit = {"k": 1_000, "M": 1_000_000}.get(text[-1:], 1)
    return int(float(text.rstrip("kM")) * unit)


# MARK: The run

class Phase:
    """When the steady part of the run was, by this machine's clock."""

    def __init__(self, path):
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as recording:
            began = datetime.datetime.fromisoformat(
                recording.execute("SELECT started FROM run").fetchone()[0]).timestamp()
            started, ended = recording.execute(
                "SELECT started, opened_until FROM phase WHERE kind = 'churn'").fetchone()
            self.samples, self.driven = (recording.execute(query).fetchone()[0] or 0 for query in (
                "SELECT count(DISTINCT at) FROM sample", "SELECT sum(length(entries)) FROM drive"))
        self.bytes = path.stat().st_size
        if started is None or ended is None:
            sys.exit("the run ended before it held its connections; see its report")
        self.began, self.started, self.ended = began, began + started, began + ended
        self.warm = self.started + WARM_UP * (ended - started)

    @property
    def shaded(self):
        return self.warm - self.began, self.ended - self.began


def run(options):
    """The samples, the run's result, and when it was steady."""
    # The churn's connections are a fiftieth of all.
    rate = max(1, options.connections // 50 // LIFETIME)
    stay = options.connections - rate * LIFETIME
    recording = options.out / "soak/run.recording"
    with contextlib.suppress(FileNotFoundError):
        recording.unlink()
    process = subprocess.Popen(
        [options.runner, HERE / "soak.plan", "--json", "--quiet", "--preflight", "off", "--out",
         options.out, "--set", f"stay={stay}", "--set", f"rate={rate}/s", "--set",
         f"span={round(options.minutes * 60)}s"], stdout=subprocess.PIPE, text=True)
    samples = []
    try:
        due = time.monotonic()
        while process.poll() is None:
            if sample := looked_at(process.pid, recording):
                samples.append(sample)
            due = max(due + 1, time.monotonic())
            # The process may end meanwhile.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(due - time.monotonic())
    except BaseException:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise
    result = json.loads(process.stdout.read() or "{}")
    if not result or not recording.exists():
        sys.exit(f"the run has no result, exit {process.returncode}")
    return samples, result, Phase(recording)


# MARK: Looking

def looked_at(coordinator, recording):
    """All that is watched, at this instant; nothing while the workers are not known yet."""
    try:
        roles = {coordinator: "coordinator", **workers(recording)}
        sample = {"time": time.time(), "kernel": kernel(), "recording": size(recording)}
        for role in ROLES:
            sample.update({f"{role} {what}": 0 for what in ("pss", "rss", "descriptors")})
        for pid, role in roles.items():
            rollup = amounts(f"/proc/{pid}/smaps_rollup")
            sample[f"{role} pss"] += rollup["Pss"]
            sample[f"{role} rss"] += rollup["Rss"]
            sample[f"{role} descriptors"] += descriptors(pid)
    except (OSError, KeyError, sqlite3.Error):
        # A process that ends, or a recording that has only just been begun.
        return None
    return sample if len(roles) > 1 else None


KNOWN = {}


def workers(recording):
    """The end of each worker by its process, as the recording says: they never change in a run."""
    if not KNOWN and recording.exists():
        with contextlib.closing(sqlite3.connect(f"file:{recording}?mode=ro", uri=True)) as database:
            KNOWN.update(database.execute('SELECT pid, "end" FROM worker').fetchall())
    return KNOWN


def amounts(path):
    """Bytes by name, of a file of lines such as "Pss:  12 kB"."""
    found = {}
    for line in pathlib.Path(path).read_text().splitlines():
        words = line.split()
        if len(words) == 3 and words[2] == "kB":
            found[words[0].rstrip(":")] = int(words[1]) * 1024
    return found


def descriptors(pid):
    """How many a process has open. Linux 6.2 and later tell it as the directory's size."""
    path = f"/proc/{pid}/fd"
    return os.stat(path).st_size or len(os.listdir(path))


def kernel():
    """Bytes that sockets and their like take: slabs that cannot be reclaimed, and buffers of TCP.
    They are the whole machine's, so what else runs there stirs them."""
    pages = 0
    for line in pathlib.Path("/proc/net/sockstat").read_text().splitlines():
        words = line.split()
        if words[0] == "TCP:":
            pages = int(words[words.index("mem") + 1])
    return amounts("/proc/meminfo")["SUnreclaim"] + pages * os.sysconf("SC_PAGE_SIZE")


def size(recording):
    """Bytes of the file and of what SQLite has beside it."""
    total = 0
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            total += os.stat(f"{recording}{suffix}").st_size
    return total


# MARK: Judging

def slope(points):
    """The median of the slopes between pairs of points (Theil and Sen): outliers do not bend it."""
    # A few hundred are enough; all pairs of an hour would be millions.
    points = points[::max(1, len(points) // 300)]
    return statistics.median(
        (other[1] - one[1]) / (other[0] - one[0])
        for index, one in enumerate(points) for other in points[index + 1:])


def judged(steady):
    """Prints a line for everything that has to be flat; returns what is not."""
    if len(steady) < FEWEST_SAMPLES:
        return [f"only {len(steady)} samples after the warm-up tell nothing; take more MINUTES"]
    complaints = []
    span = steady[-1]["time"] - steady[0]["time"]
    print(f"  {'':26}{'level':>14}{'growth in ' + format(span, '.0f') + ' s':>20}{'may be':>14}")
    for key in [f"{role} {what}" for role in ROLES for what in ("pss", "rss", "descriptors")] + ["kernel"]:
        points = [(each["time"], each[key]) for each in steady]
        level = statistics.median(value for _, value in points)
        growth = slope(points) * span
        bound = SHARE * level + SLACK[key.split()[-1]]
        is_flat = growth <= bound
        print(f"  {key:26}{shown(key, level):>14}{shown(key, growth):>20}{shown(key, bound):>14}"
              f"{'' if is_flat else '   NO'}")
        if not is_flat:
            complaints.append(f"{key} grew by {shown(key, growth)} in {span:.0f} s")
    return complaints


def shown(key, value):
    return f"{value:,.0f}" if key.endswith("descriptors") else f"{value / MEBI:,.2f} MiB"


def recording(steady, phase):
    """Prints what the recording takes; returns a complaint where a second takes more and more."""
    print(f"  recording: {phase.bytes:,} bytes, {phase.samples:,} samples, "
          f"{phase.bytes / max(1, phase.samples):,.0f} bytes a sample, "
          f"{phase.driven / max(1, phase.samples):,.0f} of them what was driven")
    if len(steady) < FEWEST_SAMPLES:
        return []
    # The log takes room in steps, so halves are long enough to even them out.
    middle = len(steady) // 2
    first, second = (slope([(each["time"], each["recording"]) for each in half])
                     for half in (steady[:middle], steady[middle:]))
    print(f"  it grew by {first:,.0f} bytes a second in the first half, {second:,.0f} in the second")
    bound = 2 * first + 4096
    return ["the recording grows faster and faster"] if second > bound else []


def write(path, samples, phase):
    with open(path, "w", newline="") as file:
        table = csv.DictWriter(file, ["time", *(key for key in samples[0] if key != "time")])
        table.writeheader()
        for sample in samples:
            table.writerow({**sample, "time": round(sample["time"] - phase.began, 3)})


def panels(samples, phase):
    """One picture a quantity, one line a role."""
    def line(key, scale):
        return [(each["time"] - phase.began, each[key] / scale) for each in samples]

    pictures = [
        (f"{title}, {unit}", [(role, line(f"{role} {what}", scale)) for role in ROLES])
        for title, what, unit, scale in (
            ("memory (PSS)", "pss", "MiB", MEBI), ("memory (RSS)", "rss", "MiB", MEBI),
            ("descriptors", "descriptors", "thousand", 1000))
    ]
    pictures.append(("kernel memory, MiB", [("slabs and TCP buffers", line("kernel", MEBI))]))
    pictures.append(("recording, MiB", [("with its log", line("recording", MEBI))]))
    return pictures


main()
