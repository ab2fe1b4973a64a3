"""Who signs the calls of the embedded account: AWS itself, root, users, and roles that services assume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3

from inventory_lab.embedded_aws.iam.patches.gate import Gate
from inventory_lab.embedded_aws.polling.pollers import Role
from inventory_lab.exceptions import RoleNotAssumable
from inventory_lab.iam.evaluation import messages

ADMIN_USER = "inventory-lab-admin"


class Sessions:
    """The boto3 sessions of one account; `open` it with the account's gate before use."""

    _gate: Gate
    _aws: boto3.Session

    def __init__(self, region: str) -> None:
        self._region = region
        self._keys: dict[str, Mapping[str, str]] = {}
        self._clients: dict[tuple[str, str], Any] = {}

    def open(self, gate: Gate) -> None:
        """Make the session of AWS itself. Sessions made before the gate's handlers are in force do not
        ask it, so this one passes unasked, and no other does.
        """
        self._gate = gate
        self._aws = self._session({"AccessKeyId": "aws", "SecretAccessKey": "aws"})
        events = self._aws.events
        events.register_last("before-parameter-build", gate.keep_parameters)
        events.register_last("before-call", gate.pass_unasked)
        events.register_last("after-call", gate.after_call)

    def client(self, service: str, region: str = "") -> Any:
        """A client of AWS itself, which reads its own records: pipes, users, roles, policies."""
        key = service, region or self._region
        if key not in self._clients:
            self._clients[key] = self._aws.client(service, region_name=key[1])
        return self._clients[key]

    def of_root(self) -> boto3.Session:
        """The root user of the account, which no policy limits."""
        gate = self._gate
        return self._session({"AccessKeyId": gate.root_key, "SecretAccessKey": gate.root_secret})

    def of_admin(self) -> boto3.Session:
        """The administrator, a user that is created when it does not exist."""
        if not self._gate.evaluator.attached.of_user(ADMIN_USER).arn:
            self.client("iam").create_user(UserName=ADMIN_USER)
        return self.of_user(ADMIN_USER)

    def of_user(self, user: str) -> boto3.Session:
        """A user, with an access key that is created once. Raises IAM's NoSuchEntityException."""
        if user in self._keys and not self.is_valid(self._keys[user]["AccessKeyId"]):
            del self._keys[user]  # deleted, or the user was created again
        if user not in self._keys:
            answer = self.client("iam").create_access_key(UserName=user)
            self._keys[user] = answer["AccessKey"]
        return self._session(self._keys[user])

    def of_role(self, role_arn: str, service: str, source_arn: str) -> boto3.Session:
        """A role as a service has it for one of its resources, after which the session is named.

        Raises RoleNotAssumable.
        """
        self.check_trust(Role(role_arn, service, source_arn))
        name = source_arn.replace("/", ":").rpartition(":")[2].ljust(2, "-")  # STS wants two
        answer = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=name)
        return self._session(answer["Credentials"])

    def assume(self, role: Role) -> boto3.Session:
        """A session of the role. Raises RoleNotAssumable."""
        return self.of_role(*role)

    def check_trust(self, role: Role) -> None:
        """Raises RoleNotAssumable."""
        role_arn, service, source_arn = role
        decision = self._gate.evaluator.service_may_assume(role_arn, service, source_arn)
        if not decision.allowed:
            reason = messages.reason("sts:AssumeRole", decision)
            raise RoleNotAssumable(service, role_arn, source_arn, reason)

    def is_valid(self, access_key: str) -> bool:
        """Whether the credentials may still be used."""
        return self._gate.knows(access_key)

    def delete_key_of(self, user: str) -> None:
        """Delete the access key that of_user() created; its user may have been deleted with it."""
        key = self._keys.pop(user, None)
        if key and self.is_valid(key["AccessKeyId"]):
            self.client("iam").delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])

    def _session(self, credentials: Mapping[str, str]) -> boto3.Session:
        return boto3.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
            region_name=self._region,
        )
