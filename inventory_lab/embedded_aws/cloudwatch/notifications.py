"""What an alarm publishes to a topic when its state changes. Free of moto.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inventory_lab.embedded_aws.cloudwatch.alarms import AlarmRule

REGIONS = {
    "eu-central-1": "Europe (Frankfurt)",
    "eu-west-1": "Europe (Ireland)",
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-2": "US West (Oregon)",
}


@dataclass(frozen=True, slots=True)
class StateChange:
    """A change of an alarm's state."""

    name: str
    arn: str
    description: str | None
    rule: AlarmRule
    old: str
    new: str
    reason: str
    at: datetime

    @property
    def region(self) -> str:
        """The region's name as CloudWatch writes it."""
        region = self.arn.split(":")[3]
        return REGIONS.get(region, region)

    def subject(self) -> str:
        """The subject of the notification."""
        return f'{self.new}: "{self.name}" in {self.region}'

    def message(self) -> str:
        """The text of the notification: JSON."""
        moment = self.at.isoformat(timespec="milliseconds").replace("+00:00", "+0000")
        return json.dumps({
            "AlarmName": self.name,
            "AlarmDescription": self.description,
            "AWSAccountId": self.arn.split(":")[4],
            "NewStateValue": self.new,
            "NewStateReason": self.reason,
            "StateChangeTime": moment,
            "Region": self.region,
            "AlarmArn": self.arn,
            "OldStateValue": self.old,
            "Trigger": self._trigger(),
        })  # fmt: skip

    def _trigger(self) -> dict[str, Any]:
        rule, metric = self.rule, self.rule.metric
        return {
            "MetricName": metric.name,
            "Namespace": metric.namespace,
            "StatisticType": "Statistic",
            "Statistic": rule.statistic.upper(),
            "Unit": None,
            "Dimensions": [{"value": value, "name": name} for name, value in metric.dimensions],
            "Period": rule.period,
            "EvaluationPeriods": rule.evaluation_periods,
            "DatapointsToAlarm": rule.datapoints_to_alarm,
            "ComparisonOperator": rule.comparison,
            "Threshold": float(rule.threshold),
            "TreatMissingData": rule.treat_missing,
            "EvaluateLowSampleCountPercentile": "",
        }
