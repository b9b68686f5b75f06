# SPDX-License-Identifier: MIT
"""From figures to a table: the best of each, side by side."""

import json
import os
import platform
import subprocess

from rows import FULCRA, KERNEL, ROWS
from servers import BUILD


def describe_machine():
    """What figures mean nothing without."""
    name = platform.machine()
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    return {"processor": name, "processors": os.cpu_count(),
            "system": f"{platform.system()} {platform.release()}"}


def version():
    said = subprocess.run([f"{BUILD}/fulcra", "version"], capture_output=True, text=True)
    return said.stdout.split("\n")[0]


def read(path):
    with open(path) as file:
        return [json.loads(line) for line in file]


def best(lines):
    """{(row, contestant, what): the least of its values}"""
    found = {}
    for line in lines:
        for what, value in line.get("values", {}).items():
            key = (line["row"], line["contestant"], what)
            found[key] = min(value, found.get(key, value))
    return found


def number(value):
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"


def verdict(is_met, aim):
    return f"{aim}{'' if is_met else ' **missed**'}" if aim else ""


def socket_lines(lines):
    found = best(lines)
    skipped = {line["row"]: line["skipped"] for line in lines if "skipped" in line}
    for row in ROWS:
        ours = found.get((row.name, FULCRA, row.unit))
        beside = found.get((row.name, row.beside, row.unit))
        if row.name in skipped:
            yield f"| {row.title} | | | | | skipped: {skipped[row.name]} |"
        elif ours is not None and beside is not None:
            ratio = f"{ours / beside:.2f}" if row.unit != "B" else ""
            yield (f"| {row.title}, {row.unit} | {number(beside)} | {number(ours)} | "
                   f"{ratio} | {number(ours - beside)} | "
                   f"{verdict(row.is_met(ours, beside), row.aim())} |")


def kernel_lines(lines):
    found = best(lines)
    for name, (title, ns, size) in KERNEL.items():
        value = found.get((name, "kernel", "ns"))
        if value is None:
            continue
        aim = f"at most {ns:.0f} ns" if ns else ""
        held = found.get((name, "kernel", "B"))
        yield (f"| {title}, ns | {number(value)} | {number(1000 / value)} | "
               f"{verdict(ns is None or value <= ns, aim)} |")
        if held is not None:
            yield (f"| {title}, B | {number(held)} | | "
                   f"{verdict(held <= size, f'at most {size} B')} |")


def markdown(lines):
    meta = next((line["meta"] for line in lines if "meta" in line), {})
    text = [f"{meta.get('processor')}, {meta.get('processors')} processors, "
            f"{meta.get('system')}; best of {meta.get('rounds')} interleaved runs of "
            f"{meta.get('seconds'):g} s.", ""]
    sockets, kernel = list(socket_lines(lines)), list(kernel_lines(lines))
    if sockets:
        text += ["| server CPU of a message, delivery or connection; memory of a socket "
                 "| floor | Fulcra | times | more by | aim |",
                 "|---|--:|--:|--:|--:|---|", *sockets, ""]
    if kernel:
        text += ["| CPU of one operation | best | million a second | aim |",
                 "|---|--:|--:|---|", *kernel, ""]
    return "\n".join(text)
