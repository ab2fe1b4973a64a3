"""The permissions that each API operation needs, from the Service Authorization Reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html

An operation that is not in the table is denied, because the lab does not know it. Some operations are
missing on purpose, because they would set up access that the lab does not evaluate: resource policies of
resources other than queues, topics, functions and streams; ACLs; federation; session policies and session
tags; bulk tagging, which acts in other services on the caller's behalf; and other accounts.

CreateStream with tags needs kinesis:AddTagsToStream:
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

from inventory_lab.exceptions import UnknownToTheLab
from inventory_lab.iam.evaluation import calls
from inventory_lab.iam.evaluation.calls import Call, Need, Resources, iam_entities, listed, named
from inventory_lab.iam.evaluation.patterns import ARN_PARTS

Rule = Callable[[Call], Iterable[Need]]


def needs(call: Call) -> list[Need]:
    """All permissions that the call needs. Raises UnknownToTheLab."""
    rules = OPERATIONS.get(call.service, {}).get(call.operation)
    if rules is None:
        raise UnknownToTheLab(f"the operation {call.service}:{call.operation}")
    needed = [need for rule in rules for need in rule(call)]
    for need in needed:
        _check_place(need.resource, call.region, call.account)
    return needed


@lru_cache(maxsize=4096)
def _check_place(arn: str, region: str, account: str) -> None:
    """There is one account, and a call acts in its own region. Raises UnknownToTheLab."""
    if not arn.startswith("arn:") or ":iam::aws:policy/" in arn:  # AWS's policies are in no account
        return
    parts = (arn + ":" * ARN_PARTS).split(":")
    for what, value, own in (
        ("region", parts[3], region),
        ("account", parts[4], account),
    ):
        if value not in ("", own):
            raise UnknownToTheLab(f"{arn}, which is in another {what} than the lab")


def acts_on(action: str, resources: Resources) -> Rule:
    """One action on each of the resources."""
    return lambda call: [Need(action, resource) for resource in resources(call)]


def passes_role(param: str, service: str) -> Rule:
    """iam:PassRole on the role that the call hands to a service:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    context = {"iam:PassedToService": service}
    return lambda call: [Need("iam:PassRole", role, context) for role in call.values_of(param)]


def tags(param: str, action: str, resources: Resources) -> Rule:
    """The permission to tag, when a resource is created with tags."""
    return lambda call: acts_on(action, resources)(call) if call.params.get(param) else []


def without(*params: str) -> Rule:
    """Rejects parameters that the lab does not evaluate. Raises UnknownToTheLab."""

    def refuse(call: Call) -> list[Need]:
        for param in params:
            if call.params.get(param):
                raise UnknownToTheLab(f"{call.service}:{call.operation} with {param}")
        return []

    return refuse


def _of_the_root_path(call: Call) -> list[Need]:
    """Rejects IAM paths, because a name alone would no longer give the ARN. Raises UnknownToTheLab."""
    if call.params.get("Path", "/") != "/":
        raise UnknownToTheLab(f"{call.service}:{call.operation} with a Path")
    return []


def _passes_roles_of_targets(call: Call) -> Iterator[Need]:
    context = {"iam:PassedToService": "events.amazonaws.com"}
    for role in sorted({t["RoleArn"] for t in call.params.get("Targets", []) if t.get("RoleArn")}):
        yield Need("iam:PassRole", role, context)


def _transaction(call: Call) -> Iterator[Need]:
    """Each part of a transaction is an action of its own:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    for entry in call.params.get("TransactItems", []):
        for kind, part in entry.items():
            action = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
            table = Call(call.service, kind, part, call.region, call.account, call.partition)
            context = {"dynamodb:EnclosingOperation": call.operation}
            yield Need(f"dynamodb:{action}", calls.tables(table)[0], context)


_STATEMENT = re.compile(
    r"\s*(SELECT\b[^\"']*?\bFROM|INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+"
    r"(\"[^\"]+\"|[\w.-]+?)(?:\.\"([^\"]+)\")?"
    r"\s*(?=$|(?<=\s)(?:WHERE|SET|REMOVE|VALUE|RETURNING|ORDER)\b)",
    re.IGNORECASE | re.DOTALL,
)
"""A statement with one table, and no clause after it that could name another table."""


def _partiql(call: Call) -> Iterator[Need]:
    """PartiQL has actions of its own:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-iam.html
    """
    statements = (
        call.params.get("Statements") or call.params.get("TransactStatements") or [call.params]
    )
    for statement in statements:
        yield _statement_need(str(statement.get("Statement")), call)


def _statement_need(statement: str, call: Call) -> Need:
    match = _STATEMENT.match(statement)
    if match is None:
        raise UnknownToTheLab(f"the PartiQL statement {statement[:60]!r}")
    verb = match[1].split()[0].title()
    table = call.arn(f"table/{match[2].strip(chr(34))}")
    where = re.search(r"\bWHERE\b", statement, re.IGNORECASE)
    whole_table = verb == "Select" and not where
    return Need(
        f"dynamodb:PartiQL{verb}",
        f"{table}/index/{match[3]}" if match[3] else table,
        {"dynamodb:FullTableScan": "true"} if whole_table else {},
    )


def _table(service: str, *rows: tuple[Resources, str]) -> dict[str, list[Rule]]:
    """Operations by the resource on which they act; `Operation=Action` when the names differ."""
    table: dict[str, list[Rule]] = {}
    for resources, operations in rows:
        for operation, _, action in (entry.partition("=") for entry in operations.split()):
            table[operation] = [acts_on(f"{service}:{action or operation}", resources)]
    return table


def _versioned(call: Call) -> list[Need]:
    """The action on a version of an object has its own name."""
    action = {"HeadObject": "GetObject"}.get(call.operation, call.operation)
    version = "Version" if call.params.get("VersionId") else ""
    return [Need(f"s3:{action}{version}", arn) for arn in calls.objects(call)]


def _of_no_versions(call: Call) -> list[Need]:
    """Raises UnknownToTheLab when a deletion names a version."""
    if any("VersionId" in entry for entry in call.params.get("Delete", {}).get("Objects", [])):
        raise UnknownToTheLab("s3:DeleteObjects with versions")
    return []


def _reads_code(call: Call) -> list[Need]:
    """Who deploys code from a bucket needs permission to read it."""
    code = call.params.get("Code") or call.params
    if not code.get("S3Bucket"):
        return []
    version = "Version" if code.get("S3ObjectVersion") else ""
    arn = call.global_arn("s3", "", f"{code['S3Bucket']}/{code.get('S3Key')}")
    return [Need(f"s3:GetObject{version}", arn)]


_LOG_DELIVERY = (
    "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies", "logs:GetLogDelivery", "logs:ListLogDeliveries",
    "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
)  # fmt: skip


def _delivers_logs(call: Call) -> list[Need]:
    """The permissions of a caller who lets a service write to CloudWatch Logs:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
    """
    log = call.params.get("LogConfiguration") or {}
    if not log.get("CloudwatchLogsLogDestination"):
        return []
    return [Need(action, "*") for action in _LOG_DELIVERY]


def _of_no_consumer(call: Call) -> list[Need]:
    """Raises UnknownToTheLab for the policy or the tags of a consumer: the lab has no enhanced fan-out consumers."""
    if "/consumer/" in str(call.params.get("ResourceARN")):
        raise UnknownToTheLab(f"{call.service}:{call.operation} of a consumer")
    return []


def _without_attribute(name: str) -> Rule:
    def refuse(call: Call) -> list[Need]:
        if name in (call.params.get("Attributes") or {}):
            raise UnknownToTheLab(f"{call.service}:{call.operation} with {name}")
        return []

    return refuse


_stream = named("stream/", "StreamName", "StreamARN", "ResourceARN")
_pipe = named("pipe/", "Name", "resourceArn")
_mapping = named("event-source-mapping:", "UUID")
_topic = named("", "TopicArn", "TargetArn", "Name", "ResourceArn")
_bus = named("event-bus/", "Name")
_alarm, _alarms = named("alarm:", "AlarmName"), listed("alarm:", "AlarmNames")
_project, _projects = named("project/", "name", "projectName"), listed("project/", "names")
_reports = named("report-group/", "reportGroupArn", "arn", "name")
_user, _role = iam_entities("user", "UserName"), iam_entities("role", "RoleName")
_group, _policy = (
    iam_entities("group", "GroupName"),
    iam_entities("policy", "PolicyName", "PolicyArn"),
)
_nothing = calls.no_resource

OPERATIONS: Mapping[str, dict[str, list[Rule]]] = {
    "kinesis": _table(
        "kinesis",
        (_stream, "AddTagsToStream CreateStream DecreaseStreamRetentionPeriod DeleteResourcePolicy DeleteStream"
         " DescribeStream DescribeStreamSummary GetRecords GetResourcePolicy GetShardIterator"
         " IncreaseStreamRetentionPeriod ListShards ListStreamConsumers ListTagsForStream"
         " ListTagsForResource MergeShards PutRecord PutRecords PutResourcePolicy RegisterStreamConsumer"
         " RemoveTagsFromStream SplitShard StartStreamEncryption StopStreamEncryption TagResource"
         " UntagResource UpdateMaxRecordSize"),
        (calls.consumers, "DeregisterStreamConsumer DescribeStreamConsumer SubscribeToShard"),
        (_nothing, "DescribeLimits DisableEnhancedMonitoring EnableEnhancedMonitoring ListStreams"
         " UpdateShardCount UpdateStreamMode"),
    ),
    "dynamodb": _table(
        "dynamodb",
        (calls.tables, "CreateTable DeleteItem DeleteTable DescribeContinuousBackups DescribeTable"
         " DescribeTimeToLive GetItem ListTagsOfResource PutItem Query Scan TagResource UntagResource"
         " UpdateContinuousBackups UpdateItem UpdateTable UpdateTimeToLive"),
        (calls.tables_in_batch, "BatchGetItem BatchWriteItem"),
        (_nothing, "DescribeEndpoints DescribeLimits ListTables"),
    ) | {
        "BatchExecuteStatement": [_partiql], "ExecuteStatement": [_partiql],
        "ExecuteTransaction": [_partiql], "TransactGetItems": [_transaction],
        "TransactWriteItems": [_transaction],
    },
    "lambda": _table(
        "lambda",
        (calls.functions, "AddPermission CreateAlias CreateFunction DeleteAlias DeleteFunction"
         " DeleteFunctionConcurrency DeleteFunctionEventInvokeConfig GetAlias GetFunction"
         " GetFunctionConcurrency GetFunctionConfiguration GetFunctionEventInvokeConfig GetPolicy"
         " Invoke=InvokeFunction InvokeAsync ListAliases ListFunctionEventInvokeConfigs ListTags"
         " ListVersionsByFunction PublishVersion PutFunctionConcurrency PutFunctionEventInvokeConfig"
         " RemovePermission TagResource UntagResource UpdateAlias UpdateFunctionCode"
         " UpdateFunctionConfiguration UpdateFunctionEventInvokeConfig"),
        (_mapping, "DeleteEventSourceMapping GetEventSourceMapping UpdateEventSourceMapping"),
        (_nothing, "CreateEventSourceMapping GetAccountSettings ListEventSourceMappings ListFunctions"),
    ),
    "pipes": _table(
        "pipes",
        (_pipe, "CreatePipe DeletePipe DescribePipe ListTagsForResource StartPipe StopPipe"
         " TagResource UntagResource UpdatePipe"),
        (_nothing, "ListPipes"),
    ),
    "sns": _table(
        "sns",
        (_topic, "AddPermission ConfirmSubscription CreateTopic DeleteTopic GetTopicAttributes"
         " ListSubscriptionsByTopic ListTagsForResource Publish PublishBatch=Publish RemovePermission"
         " SetTopicAttributes Subscribe TagResource UntagResource"),
        (calls.topics_of_subscriptions, "GetSubscriptionAttributes SetSubscriptionAttributes"
         " Unsubscribe"),
        (_nothing, "ListSubscriptions ListTopics"),
    ),
    "sqs": _table(
        "sqs",
        (calls.queues, "AddPermission ChangeMessageVisibility"
         " ChangeMessageVisibilityBatch=ChangeMessageVisibility CreateQueue DeleteMessage"
         " DeleteMessageBatch=DeleteMessage DeleteQueue GetQueueAttributes GetQueueUrl"
         " ListDeadLetterSourceQueues ListMessageMoveTasks ListQueueTags PurgeQueue ReceiveMessage"
         " RemovePermission SendMessage SendMessageBatch=SendMessage SetQueueAttributes"
         " StartMessageMoveTask TagQueue UntagQueue"),
        (_nothing, "ListQueues"),
    ),
    "iam": _table(
        "iam",
        (_user, "AttachUserPolicy CreateAccessKey CreateUser DeleteAccessKey DeleteUser"
         " DeleteUserPermissionsBoundary DeleteUserPolicy DetachUserPolicy GetUser GetUserPolicy"
         " ListAccessKeys ListAttachedUserPolicies ListGroupsForUser ListUserPolicies ListUserTags"
         " PutUserPermissionsBoundary PutUserPolicy TagUser UntagUser UpdateAccessKey"),
        (_role, "AttachRolePolicy CreateRole DeleteRole DeleteRolePermissionsBoundary"
         " DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies"
         " ListRolePolicies ListRoleTags PutRolePermissionsBoundary PutRolePolicy TagRole UntagRole"
         " UpdateAssumeRolePolicy UpdateRole UpdateRoleDescription"),
        (_group, "AddUserToGroup AttachGroupPolicy CreateGroup DeleteGroup DeleteGroupPolicy"
         " DetachGroupPolicy GetGroup GetGroupPolicy ListAttachedGroupPolicies ListGroupPolicies"
         " PutGroupPolicy RemoveUserFromGroup"),
        (_policy, "CreatePolicy CreatePolicyVersion DeletePolicy DeletePolicyVersion GetPolicy"
         " GetPolicyVersion ListEntitiesForPolicy ListPolicyTags ListPolicyVersions"
         " SetDefaultPolicyVersion TagPolicy UntagPolicy"),
        (_nothing, "GetAccountAuthorizationDetails GetAccountSummary ListAccountAliases ListGroups"
         " ListPolicies ListRoles ListUsers"),
    ),
    "sts": _table("sts", (named("", "RoleArn"), "AssumeRole"), (_nothing, "GetAccessKeyInfo")),
    "logs": _table(
        "logs",
        (calls.log_streams, "CreateLogGroup CreateLogStream DeleteLogGroup DeleteLogStream"
         " DeleteMetricFilter DeleteRetentionPolicy DeleteSubscriptionFilter DescribeLogStreams"
         " DescribeMetricFilters DescribeSubscriptionFilters FilterLogEvents GetLogEvents"
         " ListTagsLogGroup PutLogEvents PutMetricFilter PutRetentionPolicy StartQuery TagLogGroup"
         " UntagLogGroup"),
        (named("log-group:", "resourceArn"), "ListTagsForResource TagResource UntagResource"),
        (_nothing, "DescribeLogGroups DescribeQueries StopQuery"),
    ),
    "cloudwatch": _table(
        "cloudwatch",
        (_alarm, "DescribeAlarmHistory PutCompositeAlarm PutMetricAlarm SetAlarmState"),
        (_alarms, "DeleteAlarms DescribeAlarms DisableAlarmActions EnableAlarmActions"),
        (named("", "ResourceARN"), "ListTagsForResource TagResource UntagResource"),
        (calls.dashboards, "DeleteDashboards GetDashboard PutDashboard"),
        (_nothing, "DescribeAlarmsForMetric GetMetricData GetMetricStatistics ListDashboards"
         " ListMetrics PutMetricData"),
    ),
    "events": _table(
        "events",
        (calls.rules, "DeleteRule DescribeRule DisableRule EnableRule ListTargetsByRule PutRule"
         " PutTargets RemoveTargets"),
        (_bus, "CreateEventBus DeleteEventBus DescribeEventBus"),
        (calls.buses_of_entries, "PutEvents"),
        (named("", "ResourceARN"), "ListTagsForResource TagResource UntagResource"),
        (_nothing, "ListEventBuses ListRuleNamesByTarget ListRules TestEventPattern"),
    ),
    "codebuild": _table(
        "codebuild",
        (_project, "CreateProject DeleteProject ListBuildsForProject StartBuild UpdateProject"),
        (_projects, "BatchGetProjects"),
        (calls.projects_of_builds, "BatchDeleteBuilds BatchGetBuilds RetryBuild StopBuild"),
        (_reports, "CreateReportGroup DeleteReportGroup ListReportsForReportGroup"),
        (calls.groups_of_reports, "BatchGetReports DescribeTestCases"),
        (_nothing, "ListBuilds ListCuratedEnvironmentImages ListProjects ListReportGroups"),
    ),
    "s3": _table(
        "s3",
        (calls.buckets, "CreateBucket DeleteBucket GetBucketEncryption=GetEncryptionConfiguration"
         " GetBucketLocation GetBucketTagging GetBucketVersioning"
         " GetPublicAccessBlock=GetBucketPublicAccessBlock HeadBucket=ListBucket"
         " ListObjectVersions=ListBucketVersions ListObjects=ListBucket ListObjectsV2=ListBucket"
         " PutBucketEncryption=PutEncryptionConfiguration PutBucketTagging PutBucketVersioning"
         " PutPublicAccessBlock=PutBucketPublicAccessBlock"),
        (calls.objects, "DeleteObjects=DeleteObject PutObject"),
        (_nothing, "ListBuckets=ListAllMyBuckets"),
    ) | {name: [_versioned] for name in ("DeleteObject", "GetObject", "HeadObject")},
    "resourcegroupstaggingapi": _table(
        "tag",
        (_nothing, "GetResources GetTagKeys GetTagValues"),
    ),
}  # fmt: skip

_MORE: Mapping[tuple[str, str], list[Rule]] = {
    ("kinesis", "CreateStream"): [tags("Tags", "kinesis:AddTagsToStream", _stream)],
    ("kinesis", "RegisterStreamConsumer"): [tags("Tags", "kinesis:TagResource", _stream)],
    ("kinesis", "PutResourcePolicy"): [_of_no_consumer],
    ("kinesis", "ListTagsForResource"): [_of_no_consumer],
    ("kinesis", "TagResource"): [_of_no_consumer],
    ("kinesis", "UntagResource"): [_of_no_consumer],
    ("dynamodb", "UpdateTable"): [without("ReplicaUpdates", "GlobalTableWitnessUpdates")],
    ("dynamodb", "CreateTable"): [
        tags("Tags", "dynamodb:TagResource", calls.tables), without("ResourcePolicy"),
    ],
    ("lambda", "CreateFunction"): [
        passes_role("Role", "lambda.amazonaws.com"), tags("Tags", "lambda:TagResource", calls.functions),
        _reads_code,
    ],
    ("lambda", "CreateEventSourceMapping"): [tags("Tags", "lambda:TagResource", _mapping)],
    ("lambda", "UpdateFunctionCode"): [_reads_code],
    ("lambda", "UpdateFunctionConfiguration"): [passes_role("Role", "lambda.amazonaws.com")],
    ("pipes", "CreatePipe"): [
        passes_role("RoleArn", "pipes.amazonaws.com"), tags("Tags", "pipes:TagResource", _pipe),
        _delivers_logs,
    ],
    ("pipes", "UpdatePipe"): [passes_role("RoleArn", "pipes.amazonaws.com"), _delivers_logs],
    ("sns", "CreateTopic"): [tags("Tags", "sns:TagResource", _topic)],
    ("sqs", "CreateQueue"): [tags("tags", "sqs:TagQueue", calls.queues)],
    ("iam", "CreateUser"): [tags("Tags", "iam:TagUser", _user), _of_the_root_path],
    ("iam", "CreateRole"): [tags("Tags", "iam:TagRole", _role), _of_the_root_path],
    ("iam", "CreatePolicy"): [tags("Tags", "iam:TagPolicy", _policy), _of_the_root_path],
    ("iam", "CreateGroup"): [_of_the_root_path],
    ("sts", "AssumeRole"): [
        without("Policy", "PolicyArns", "ProvidedContexts", "SourceIdentity", "Tags", "TransitiveTagKeys"),
    ],
    ("logs", "CreateLogGroup"): [tags("tags", "logs:TagResource", calls.log_streams)],
    ("events", "PutTargets"): [_passes_roles_of_targets],
    ("events", "PutRule"): [
        passes_role("RoleArn", "events.amazonaws.com"), tags("Tags", "events:TagResource", calls.rules),
    ],
    ("events", "CreateEventBus"): [tags("Tags", "events:TagResource", _bus)],
    ("cloudwatch", "PutMetricAlarm"): [tags("Tags", "cloudwatch:TagResource", _alarm)],
    ("sns", "Publish"): [without("PhoneNumber")],
    ("sns", "Subscribe"): [_without_attribute("SubscriptionRoleArn")],
    ("s3", "CreateBucket"): [
        without("ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP",
                "ObjectLockEnabledForBucket", "ObjectOwnership"),
    ],
    ("s3", "DeleteObjects"): [_of_no_versions],
    ("s3", "PutObject"): [
        without("ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP", "Tagging",
                "ObjectLockMode", "ObjectLockRetainUntilDate", "ObjectLockLegalHoldStatus"),
    ],
    ("codebuild", "StartBuild"): [passes_role("serviceRoleOverride", "codebuild.amazonaws.com")],
    ("codebuild", "CreateProject"): [passes_role("serviceRole", "codebuild.amazonaws.com")],
    ("codebuild", "UpdateProject"): [passes_role("serviceRole", "codebuild.amazonaws.com")],
}  # fmt: skip

for (_service, _operation), _rules in _MORE.items():
    OPERATIONS[_service][_operation] += _rules
