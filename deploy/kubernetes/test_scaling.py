#!/usr/bin/env python3
"""How many workers the rule of overlays/keda/translate.yaml brings, minute by minute: `test_scaling.py`, which needs PyYAML.

A model of the queue, and the formula of Kubernetes' HorizontalPodAutoscaler as its documentation has it: for each metric ceil(sum / value), the
most of them; not for a difference of less than a tenth; up and down by the policies, down only to the most of the last window. The numbers are read
from the manifest, so whoever changes these sees what becomes of it.
"""

import math
import pathlib
import unittest

import yaml

SPEC = yaml.safe_load((pathlib.Path(__file__).parent / "overlays/keda/translate.yaml").read_text(encoding="utf-8"))["spec"]
# What a worker does a second, with room: small files, a message each (deploy/SIZING.md).
RATE = 80
TICK = SPEC["pollingInterval"]
TOLERANCE = 0.1


class Autoscaler:
    """The number of workers over time."""

    def __init__(self):
        behaviour = SPEC["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
        self.up, self.down = behaviour["scaleUp"], behaviour["scaleDown"]
        self.values = {trigger["metadata"]["mode"]: int(trigger["metadata"]["value"]) for trigger in SPEC["triggers"]}
        self.workers = SPEC["minReplicaCount"]
        self.asked, self.changes = [], []

    def look(self, now, measured):
        """Looks at the metrics once: a metric is a sum over all workers, its value what one is to have."""
        asked = self.workers
        wanted = [math.ceil(measured[mode] / value) for mode, value in self.values.items()]
        if abs(max(measured[mode] / value for mode, value in self.values.items()) / self.workers - 1) > TOLERANCE:
            asked = max(wanted)
        asked = min(max(asked, SPEC["minReplicaCount"]), SPEC["maxReplicaCount"])
        self.asked.append((now, asked))
        if asked > self.workers:
            self.change(now, min(asked, self.bound(now, self.up, 1)))
        elif asked < self.workers:
            window = self.down["stabilizationWindowSeconds"]
            stable = max(number for time, number in self.asked if time > now - window)
            if stable < self.workers:
                self.change(now, max(stable, self.bound(now, self.down, -1)))

    def bound(self, now, rules, sign):
        """How far one may go now: what went in a policy's period counts."""
        bounds = []
        for policy in rules["policies"]:
            assert policy["type"] == "Pods"
            gone = sum(step * sign for time, step in self.changes if time > now - policy["periodSeconds"] and step * sign > 0)
            bounds.append(self.workers + sign * max(0, policy["value"] - gone))
        return max(bounds) if sign > 0 else min(bounds)

    def change(self, now, workers):
        if workers != self.workers:
            self.changes.append((now, workers - self.workers))
            self.workers = workers


def run(arriving, minutes):
    """Messages that wait and workers at each look; `arriving` says how many messages come in a second of a minute."""
    scaler, waiting, seen = Autoscaler(), 0.0, []
    for now in range(0, minutes * 60, TICK):
        rate = arriving(now // 60)
        waiting = max(0.0, waiting + (rate - scaler.workers * RATE) * TICK)
        in_hand = min(scaler.workers * 8, rate)
        scaler.look(now, {"QueueLength": waiting + in_hand, "MessageRate": rate})
        seen.append((waiting, scaler.workers))
    return seen


class Rule(unittest.TestCase):
    def test_a_quiet_house_keeps_its_least(self):
        self.assertEqual({workers for _, workers in run(lambda _: 1, 60)}, {SPEC["minReplicaCount"]})

    def test_a_burst_is_done_within_minutes_and_workers_go_one_by_one(self):
        seen = run(lambda minute: 300 if 5 <= minute < 15 else 2, 60)
        after = [waiting for waiting, _ in seen[20 * 60 // TICK :]]
        self.assertEqual(max(after), 0)
        workers = [number for _, number in seen]
        steps = [later - earlier for earlier, later in zip(workers, workers[1:])]
        self.assertGreaterEqual(max(workers), 6)
        self.assertEqual(min(steps), -1)
        self.assertEqual(workers[-1], SPEC["minReplicaCount"])

    def test_no_worker_goes_within_five_minutes_of_the_last_need(self):
        seen = run(lambda minute: 300 if 5 <= minute < 15 else 2, 60)
        first = next(index for index in range(1, len(seen)) if seen[index][1] < seen[index - 1][1])
        last = max(index for index, (waiting, _) in enumerate(seen) if waiting > 0)
        self.assertGreaterEqual((first - last) * TICK, 300 - TICK)

    def test_a_load_that_stays_comes_to_rest(self):
        for load in (40, 100, 200, 350):
            seen = run(lambda _, load=load: load, 120)[60 * 60 // TICK :]
            workers = {number for _, number in seen}
            self.assertEqual(len(workers), 1, (load, workers))
            self.assertGreaterEqual(min(workers), load / RATE)
            self.assertEqual(max(waiting for waiting, _ in seen), 0)

    def test_load_that_comes_and_goes_does_not_make_workers_come_and_go(self):
        seen = run(lambda minute: 250 if minute % 2 else 20, 120)
        workers = [number for _, number in seen[60 * 60 // TICK :]]
        changes = sum(earlier != later for earlier, later in zip(workers, workers[1:]))
        self.assertEqual(changes, 0, workers)

    def test_more_than_all_can_do_stops_at_the_ceiling(self):
        self.assertEqual(max(workers for _, workers in run(lambda _: 5000, 60)), SPEC["maxReplicaCount"])


if __name__ == "__main__":
    unittest.main()
