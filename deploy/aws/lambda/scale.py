"""Sets how many tasks a service has, by what waits in its queue: the optional way of scaling-lambda.yaml.

Called by an alarm, through a topic, when the queue grows beyond a bound, and each minute by a schedule: an alarm tells of a change once. Either way
the queue itself is asked. Up at once, down by one task at a time and only if the queue has asked for fewer for ten minutes. If a metric is missing
nothing changes. A service that Application Auto Scaling owns is left alone: two owners undo each other's work.
"""

import datetime
import math
import os

WINDOW_MINUTES = 10


def desired(waiting, tasks, limits):
    """How many tasks there shall be: `waiting` has the messages of the last minutes, the newest last."""
    floor, ceiling, each = limits
    if not waiting:
        return tasks

    def asked(messages):
        return min(max(math.ceil(messages / each), floor), ceiling)

    now = asked(waiting[-1])
    if now > tasks:
        return now
    if len(waiting) >= WINDOW_MINUTES and max(map(asked, waiting)) < tasks:
        return max(tasks - 1, floor)
    return min(max(tasks, floor), ceiling)


def waiting(cloudwatch, broker, vhost, queue):
    """Messages that wait or are in hand, minute by minute; only minutes of which both are known."""
    end = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
    dimensions = [{"Name": "Broker", "Value": broker}, {"Name": "VirtualHost", "Value": vhost}, {"Name": "Queue", "Value": queue}]

    def of(identifier, name):
        metric = {"Namespace": "AWS/AmazonMQ", "MetricName": name, "Dimensions": dimensions}
        return {"Id": identifier, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}}

    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[of("ready", "MessageReadyCount"), of("unacknowledged", "MessageUnacknowledgedCount")],
        StartTime=end - datetime.timedelta(minutes=WINDOW_MINUTES + 2),
        EndTime=end,
        ScanBy="TimestampAscending",
    )
    ready, unacknowledged = (dict(zip(result["Timestamps"], result["Values"])) for result in answer["MetricDataResults"])
    return [ready[minute] + unacknowledged[minute] for minute in sorted(ready.keys() & unacknowledged.keys())]


def handler(event, context):  # pylint: disable=unused-argument
    import boto3  # The function's environment has it; a test needs it not.

    cluster, service = os.environ["CLUSTER"], os.environ["SERVICE"]
    owners = boto3.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[f"service/{cluster}/{service}"]
    )["ScalableTargets"]
    if owners:
        raise RuntimeError(f"{service} is owned by Application Auto Scaling: delete one of the two stacks")
    ecs = boto3.client("ecs")
    tasks = ecs.describe_services(cluster=cluster, services=[service])["services"][0]["desiredCount"]
    messages = waiting(boto3.client("cloudwatch"), os.environ["BROKER"], os.environ["VHOST"], os.environ["QUEUE"])
    limits = tuple(int(os.environ[name]) for name in ("FLOOR", "CEILING", "MESSAGES_PER_TASK"))
    wanted = desired(messages, tasks, limits)
    if wanted != tasks:
        ecs.update_service(cluster=cluster, service=service, desiredCount=wanted)
    print({"service": service, "waiting": messages[-1:], "tasks": tasks, "wanted": wanted})
    return wanted
