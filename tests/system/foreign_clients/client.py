"""Makes the calls on standard input with the reference library; prints the answers.

    client.py SOCKET

A call: {"method": …, "parameters": {…}, "more": …}. An answer: {"replies": […]} or {"error": …}.
"""

import json
import sys

import varlink


def answer(scheduler, call):
    method = getattr(scheduler, call["method"])
    try:
        if call["more"]:
            return {"replies": list(method(_more=True, **call["parameters"]))}
        return {"replies": [method(**call["parameters"])]}
    except varlink.VarlinkError as problem:
        return {"error": problem.error(), "parameters": problem.parameters()}


with varlink.Client(address="unix:" + sys.argv[1]) as client:
    with client.open("io.wm.Scheduler") as scheduler:
        json.dump([answer(scheduler, call) for call in json.load(sys.stdin)], sys.stdout)
