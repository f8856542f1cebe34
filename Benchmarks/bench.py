"""What every section is made of: programs, plans, pairs, and the lines that are printed of them."""
import json
import pathlib
import sqlite3
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
LIBRARIES = {"tls": ["-lssl", "-lcrypto"]}
RUNNER = HERE.parent / ".build/release/runner"


class NotMeasured(Exception):
    """Something that a section needs is not there, or went wrong; the others may be measured."""


def output(command, timeout=900, codes=(0,)):
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    if done.returncode not in codes:
        raise NotMeasured(
            f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


class Row:
    """A figure of both sides: its key, its unit, and what the ratio of the two shall be."""

    def __init__(self, label, key, scale, unit, at_most=None, at_least=None):
        self.label, self.key, self.scale, self.unit = label, key, scale, unit
        self.at_most, self.at_least = at_most, at_least

    def judged(self, ratio):
        if self.at_most is not None:
            return f"at most {self.at_most}", ratio <= self.at_most
        if self.at_least is not None:
            return f"at least {self.at_least}", ratio >= self.at_least
        return "", None


class Bench:
    def __init__(self, folder, pairs):
        self.folder = pathlib.Path(folder)
        self.pairs = pairs
        self.results = {}
        self.bounds = []

    # What is run

    def c(self, name, *arguments):
        """A program of this directory; returns the JSON that it prints."""
        return json.loads(output([self.program(name), *map(str, arguments)]))

    def program(self, name):
        """A program of this directory, built on its first use."""
        program = self.folder / "programs" / name
        if not program.exists():
            program.parent.mkdir(exist_ok=True)
            subprocess.run(
                ["cc", "-O2", "-Wall", "-o", program, HERE / f"{name}.c", *LIBRARIES.get(name, [])],
                check=True)
        return program

    def command(self, name, **settings):
        command = [RUNNER, HERE / f"{name}.plan", "--json", "--quiet", "--out", self.folder]
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        return command

    def plan(self, name, codes=(0,), **settings):
        """Runs a plan of this directory; returns its summary. Its recording is at `recording`."""
        return json.loads(output(self.command(name, **settings), codes=codes))

    def recording(self, name):
        return sqlite3.connect(f"file:{self.folder / name / 'run.recording'}?mode=ro", uri=True)

    # What is shown

    def compare(self, title, floor, runner, rows, pairs=None, names=("C", "runner")):
        """Measures both in turn, each of them first in every second pair; prints a line a row."""
        pairs = pairs or self.pairs
        print(f"\n{title}")
        print(f"  {'':30}{names[0]:>12}{names[1]:>12}{'ratio':>8}   lowest to highest")
        measured, turns = [], [("floor", floor), ("runner", runner)]
        for pair in range(pairs):
            measured.append({side: measure() for side, measure in turns})
            turns.reverse()
            if sys.stderr.isatty():
                print(f"pair {pair + 1} of {pairs}", end="\r", file=sys.stderr)
        for row in rows:
            self.show(row, *([pair[who][row.key] * row.scale for pair in measured]
                             for who in ("floor", "runner")))
        self.results[f"{title}: {' and '.join(names)}"] = measured

    def show(self, row, floor, runner):
        ratios = sorted(b / a for a, b in zip(floor, runner) if a)
        text = f"{'–':>8}"
        if ratios:
            ratio = statistics.median(ratios)
            text = f"{ratio:8.2f}   {ratios[0]:.2f} to {ratios[-1]:.2f}"
            bound, holds = row.judged(ratio)
            if bound:
                text += f"   {bound}: {'yes' if holds else 'NO'}"
                self.bounds.append(holds)
        print(f"  {row.label + ', ' + row.unit:30}{statistics.median(floor):12,.3f}"
              f"{statistics.median(runner):12,.3f}{text}", flush=True)

    def line(self, label, value, holds=None):
        """One figure; `holds` says whether it keeps to its bound, where it has one."""
        mark = "" if holds is None else f"   {'yes' if holds else 'NO'}"
        print(f"  {label:54}{value}{mark}", flush=True)
        self.results[label] = str(value)
        if holds is not None:
            self.bounds.append(holds)

    def close(self):
        if self.bounds:
            print(f"\n{sum(self.bounds)} of {len(self.bounds)} bounds held")


def spread(values, digits=2):
    values = sorted(values)
    return (f"{statistics.median(values):.{digits}f} "
            f"({values[0]:.{digits}f} to {values[-1]:.{digits}f})")
