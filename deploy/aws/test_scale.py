#!/usr/bin/env python3
"""The rule of lambda/scale.py, and how it reads the queue: `python3 deploy/aws/test_scale.py`."""

import datetime
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lambda"))
import scale  # noqa: E402  pylint: disable=wrong-import-position

LIMITS = (1, 10, 100)


class Rule(unittest.TestCase):
    def test_what_is_not_known_changes_nothing(self):
        self.assertEqual(scale.desired([], 3, LIMITS), 3)

    def test_up_at_once_to_what_the_queue_asks_for(self):
        self.assertEqual(scale.desired([0, 450], 1, LIMITS), 5)

    def test_not_beyond_the_ceiling(self):
        self.assertEqual(scale.desired([99999], 4, LIMITS), 10)

    def test_down_by_one_after_ten_quiet_minutes(self):
        self.assertEqual(scale.desired([0] * 10, 5, LIMITS), 4)
        self.assertEqual(scale.desired([0] * 9, 5, LIMITS), 5)
        self.assertEqual(scale.desired([480] + [0] * 9, 5, LIMITS), 5)

    def test_not_below_the_floor(self):
        self.assertEqual(scale.desired([0] * 12, 1, LIMITS), 1)
        self.assertEqual(scale.desired([0] * 12, 0, LIMITS), 1)

    def test_a_load_that_stays_comes_to_rest(self):
        tasks = 1
        for _ in range(30):
            tasks = scale.desired([420] * 12, tasks, LIMITS)
        self.assertEqual(tasks, 5)

    def test_a_burst_is_followed_up_and_down(self):
        tasks, history, most = 1, [], 0
        for minute in range(90):
            # Each task does 100 messages a minute; 3000 come in the first ten.
            left = history[-1] if history else 0
            history.append(max(0, left + (300 if minute < 10 else 0) - 100 * tasks))
            tasks = scale.desired(history[-12:], tasks, LIMITS)
            most = max(most, tasks)
        self.assertGreaterEqual(most, 3)
        self.assertEqual((history[-1], tasks), (0, 1))


class Reading(unittest.TestCase):
    def test_only_minutes_that_are_known_whole_count(self):
        first, second = (datetime.datetime(2026, 1, 1, 0, minute) for minute in (0, 1))

        class Metrics:
            def get_metric_data(self, **asked):
                names = [query["MetricStat"]["Metric"]["MetricName"] for query in asked["MetricDataQueries"]]
                assert names == ["MessageReadyCount", "MessageUnacknowledgedCount"], names
                return {"MetricDataResults": [{"Timestamps": [first, second], "Values": [5, 7]}, {"Timestamps": [first], "Values": [2]}]}

        self.assertEqual(scale.waiting(Metrics(), "x12", "x12", "x12.translate"), [7])


if __name__ == "__main__":
    unittest.main()
