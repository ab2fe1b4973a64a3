"""The exercises of notebook 04, the DynamoDB table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from inventory_lab.exceptions import WrongAnswer
from inventory_lab.teaching.exercises.answer import Answer
from inventory_lab.teaching.exercises.bench import Bench
from inventory_lab.teaching.exercises.registry import checks

ELSEWHERE = "arn:aws:dynamodb:eu-west-3:210987654321:table/"
LIMIT = ("LimitExceededException", "Too many operations for a given subscriber")
WRITES = ("PutItem", "UpdateItem", "TransactWriteItems")
READS = ("GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems", "ExecuteStatement")
THROTTLED = ("ThrottlingException", "Rate of requests exceeds the allowed throughput.")


@checks("04/create_table", "create a table, or keep the one that exists")
def create_table(answer: Answer, bench: Bench) -> None:
    """A new table, slow to become active; one that exists, with its items; another error."""
    dynamodb, name = bench.client("dynamodb"), bench.name("stock")
    bench.altered(dynamodb, "DescribeTable", _creating_at_first)
    arn = _new_table(answer, bench, dynamodb, name)
    raw = bench.raw("dynamodb")
    raw.put_item(TableName=name, Item={"product_id": {"S": "Fan"}})
    looks = len(bench.made("DescribeTable"))
    slow = bench.client("dynamodb")
    bench.altered(slow, "DescribeTable", _creating_at_first)
    try:
        again = answer(slow, name)
    except WrongAnswer as exc:
        if "ResourceInUse" not in str(exc):
            raise
        raise WrongAnswer(
            "The second call, for a table that exists, fails with ResourceInUseException. Catch it round "
            "create_table: the table is there, which is what you want."
        ) from exc
    if raw.scan(TableName=name)["Count"] != 1:
        raise WrongAnswer("When the table exists, your function deletes it and its items. Keep it.")
    if again != arn:
        raise WrongAnswer(f"For a table that exists it returns {_short(again)}, not its ARN.")
    if "ACTIVE" not in _states(bench)[looks:]:
        raise WrongAnswer(
            "A table that exists may be CREATING too: another program has created it a moment ago. Wait in "
            "this case as well."
        )
    _arn_is_of_aws(answer, bench, name)
    _other_error_passes(answer, bench, ("CreateTable",), LIMIT, bench.name("stock"))


def _arn_is_of_aws(answer: Answer, bench: Bench, name: str) -> None:
    """Raise WrongAnswer when the answer writes account and region into the ARN itself."""
    dynamodb, elsewhere = bench.client("dynamodb"), f"{ELSEWHERE}{name}"

    def in_paris(reply: dict[str, Any], _: int) -> None:
        reply.get("Table", {}).update(TableArn=elsewhere)

    bench.altered(dynamodb, "DescribeTable", in_paris)
    if answer(dynamodb, name) != elsewhere:
        raise WrongAnswer(
            "In another account and region it returns the same ARN as here. Do not write the account and the "
            "region yourself: return the ARN with which describe_table answers."
        )


def _new_table(answer: Answer, bench: Bench, dynamodb: Any, name: str) -> str:
    try:
        returned = answer(dynamodb, name)
    except WrongAnswer as exc:
        if isinstance(exc.error, KeyError) and exc.error.args == ("AttributeDefinitions",):
            raise WrongAnswer(
                "It says that product_id is the key, and not of which type: AttributeDefinitions is missing."
            ) from exc
        raise
    finally:
        created = bench.made("CreateTable")
        if created and created[0].parameters.get("TableName") != name:
            raise WrongAnswer("The table has another name than the argument `name` says.")
    if not created:
        raise WrongAnswer("No table was created: call dynamodb.create_table.")
    sent = created[0].parameters
    if list(sent.get("KeySchema", [])) != [{"AttributeName": "product_id", "KeyType": "HASH"}]:
        raise WrongAnswer(
            "The key is not product_id alone: one element of KeySchema, KeyType HASH."
        )
    if sent["AttributeDefinitions"][0]["AttributeType"] != "S":
        raise WrongAnswer(
            "The key is not a string: in AttributeDefinitions the type of product_id is S."
        )
    if sent.get("BillingMode") != "PAY_PER_REQUEST":
        raise WrongAnswer(
            "The table is not on demand: set BillingMode to PAY_PER_REQUEST, or you pay for capacity by the hour."
        )
    if "ACTIVE" not in _states(bench):
        raise WrongAnswer(
            "Your function returns while the table is still CREATING, and the next call would fail. Wait "
            'until it is ACTIVE: dynamodb.get_waiter("table_exists").'
        )
    arn = str(bench.raw("dynamodb").describe_table(TableName=name)["Table"]["TableArn"])
    if returned != arn:
        raise WrongAnswer(
            f"It returns {_short(returned)}. Return the ARN: describe_table answers with it."
        )
    return arn


def _states(bench: Bench) -> list[str | None]:
    """The states of the table that the answer has seen."""
    looks = bench.made("DescribeTable")
    return [call.answer.get("Table", {}).get("TableStatus") for call in looks]


def _creating_at_first(answer: dict[str, Any], calls_before: int) -> None:
    if "Table" in answer and calls_before == 0:
        answer["Table"]["TableStatus"] = "CREATING"


@checks("04/add_product", "add a product once, also when two programs do it at the same time")
def add_product(answer: Answer, bench: Bench) -> None:
    """A new product, the same again, a colleague who is faster, and another error."""
    table = bench.table("stock")
    if answer(bench.client("dynamodb"), table, "Fan", 7) is not True:
        raise WrongAnswer("For a new product it does not return True.")
    if _quantity(bench, table, "Fan") is None:
        raise WrongAnswer("The table has no item of the product Fan: use the argument `product`.")
    if _quantity(bench, table, "Fan") != 7:
        raise WrongAnswer(
            f"Added with 7 pieces, the item has {_quantity(bench, table, 'Fan')} as quantity."
        )
    if answer(bench.client("dynamodb"), table, "Fan", 99) is not False:
        raise WrongAnswer("For a product that exists it does not return False.")
    if _quantity(bench, table, "Fan") != 7:
        raise WrongAnswer(
            "Adding a product again overwrites its item. Give put_item a ConditionExpression: "
            "attribute_not_exists(product_id)."
        )
    _writes_once(answer, bench, table)
    _sold_out_and_bare(answer, bench, table)
    _colleague_is_faster(answer, bench, table)
    _other_error_passes(answer, bench, WRITES, THROTTLED, table, "Lamp", 1)


def _writes_once(answer: Answer, bench: Bench, table: str) -> None:
    before = _writes(bench)
    answer(bench.client("dynamodb"), table, "Fan", 99)
    if _writes(bench) - before > 1:
        raise WrongAnswer(
            "Your function overwrites the product that exists and puts its item back: in between, others read "
            "and sell a stock that does not exist. Let a condition prevent the write."
        )


def _writes(bench: Bench) -> int:
    """The number of writes that the answer has tried and that succeeded."""
    return sum(not call.error for operation in WRITES for call in bench.made(operation))


def _sold_out_and_bare(answer: Answer, bench: Bench, table: str) -> None:
    """A product of which there are no pieces, and one whose item has no quantity."""
    if answer(bench.client("dynamodb"), table, "Cup", 0) is not True or (
        _quantity(bench, table, "Cup") != 0
    ):
        raise WrongAnswer("A new product with 0 pieces is not added: 0 is a quantity like others.")
    again = answer(bench.client("dynamodb"), table, "Cup", 5)
    if again is not False or _quantity(bench, table, "Cup") != 0:
        raise WrongAnswer(
            "A product with 0 pieces is added again. It exists: only the key decides, and not how many there are."
        )
    lid = {"product_id": {"S": "Lid"}, "removed": {"BOOL": True}}
    raw = bench.raw("dynamodb")
    raw.put_item(TableName=table, Item=lid)
    returned = answer(bench.client("dynamodb"), table, "Lid", 5)
    stored = raw.get_item(TableName=table, Key={"product_id": lid["product_id"]}).get("Item")
    if stored != lid or returned is not False:
        raise WrongAnswer(
            "An item that exists without a quantity is taken for a new product, and changed. Only the key is "
            "in every item: the condition is about product_id."
        )


def _colleague_is_faster(answer: Answer, bench: Bench, table: str) -> None:
    """Somebody adds the product after the answer has looked and before it writes."""
    dynamodb = bench.client("dynamodb")

    def faster(*_: object) -> None:
        bench.raw("dynamodb").put_item(
            TableName=table, Item={"product_id": {"S": "Pan"}, "quantity": {"N": "3"}}
        )

    for operation in WRITES:
        bench.fault(dynamodb, operation, faster)
    if answer(dynamodb, table, "Pan", 50) is not False or _quantity(bench, table, "Pan") != 3:
        raise WrongAnswer(
            "A colleague adds the product between your look and your write, and you overwrite it. A "
            "condition is checked by DynamoDB in the moment of the write; a get_item before is not enough."
        )


@checks("04/change_quantity", "change a count in one write, never below zero", build=True)
def change_quantity(answer: Answer, bench: Bench) -> None:
    """Deliveries and sales, the last piece, too many, an unknown product, a race, another error."""
    table = bench.table("stock")
    _put(bench, table, "Fan", 7)
    for delta, expected in ((-3, 4), (6, 10), (-10, 0), (5, 5)):
        returned = answer(bench.client("dynamodb"), table, "Fan", delta)
        stored = _quantity(bench, table, "Fan")
        if stored != expected:
            raise WrongAnswer(f"A change of {delta} leaves {stored} pieces, expected {expected}.")
        if type(returned) is not int or returned != expected:
            raise WrongAnswer(
                f"It returns {_short(returned)}, expected {expected}: the new quantity as an int. "
                'ReturnValues="UPDATED_NEW" brings it.'
            )
    _refuses(answer, bench, table, "Fan", -6, "A sale of 6 of 5 pieces")
    _refuses(answer, bench, table, "Ghost", 4, "A change of a product that nobody added")
    _loses_no_sale(answer, bench, table)
    _rule_holds_in_the_write(answer, bench, table)
    if any(bench.made(operation) for operation in READS):
        raise WrongAnswer(
            "You read the quantity in a call of its own, and others sell in between. One update_item is enough: "
            "DynamoDB adds, checks, and answers with the new quantity."
        )
    _other_error_passes(answer, bench, ("UpdateItem",), THROTTLED, table, "Fan", 1)


def _refuses(answer: Answer, bench: Bench, table: str, product: str, delta: int, case: str) -> None:
    before, writes = _quantity(bench, table, product), _writes(bench)
    returned = answer(bench.client("dynamodb"), table, product, delta)
    after = _quantity(bench, table, product)
    if after != before:
        raise WrongAnswer(
            f"{case} changes the table: {_pieces(before)} before, {_pieces(after)} after. Put the rule "
            "into the ConditionExpression."
        )
    if _writes(bench) > writes:
        raise WrongAnswer(
            f"{case} is written and then taken back: in between, others see a stock that does not exist. Let "
            "the condition prevent the write."
        )
    if returned is not None:
        raise WrongAnswer(f"{case} returns {_short(returned)}, expected None.")


def _loses_no_sale(answer: Answer, bench: Bench, table: str) -> None:
    """A colleague sells two pieces just before the answer writes."""
    _put(bench, table, "Pan", 20)
    dynamodb = _colleague_sells(bench, table)
    answer(dynamodb, table, "Pan", -5)
    if _quantity(bench, table, "Pan") != 13:
        raise WrongAnswer(
            "A colleague sells 2 of 20 pieces at the same time and you sell 5: 13 are left, the table says "
            f"{_quantity(bench, table, 'Pan')}. Do not read first: let DynamoDB calculate in one update_item."
        )


def _rule_holds_in_the_write(answer: Answer, bench: Bench, table: str) -> None:
    """The same with six pieces: then there are too few for the answer."""
    _put(bench, table, "Pan", 6)
    returned = answer(_colleague_sells(bench, table), table, "Pan", -5)
    left = _quantity(bench, table, "Pan")
    if left != 4 or returned is not None:
        raise WrongAnswer(
            "There are 6 pieces when you look; a colleague sells 2 before you write, and your sale of 5 leaves "
            f"{left}. Put the rule into the ConditionExpression: DynamoDB checks it in the moment of the write."
        )


def _colleague_sells(bench: Bench, table: str) -> Any:
    """A client whose first write comes after a colleague's sale of two pieces."""
    dynamodb = bench.client("dynamodb")

    def sells(*_: object) -> None:
        bench.raw("dynamodb").update_item(
            TableName=table, Key={"product_id": {"S": "Pan"}},
            UpdateExpression="ADD quantity :n", ExpressionAttributeValues={":n": {"N": "-2"}},
        )  # fmt: skip

    for operation in ("UpdateItem", "PutItem"):
        bench.fault(dynamodb, operation, lambda _, calls: sells() if calls == 0 else None)
    return dynamodb


def _put(bench: Bench, table: str, product: str, quantity: int) -> None:
    item = {"product_id": {"S": product}, "quantity": {"N": str(quantity)}}
    bench.raw("dynamodb").put_item(TableName=table, Item=item)


def _quantity(bench: Bench, table: str, product: str) -> int | None:
    key = {"product_id": {"S": product}}
    item = bench.raw("dynamodb").get_item(TableName=table, Key=key).get("Item")
    if item is None:
        return None
    if "N" not in item.get("quantity", {}):
        raise WrongAnswer("The item has no attribute quantity of type N, a number.")
    return int(item["quantity"]["N"])


def _other_error_passes(
    answer: Answer, bench: Bench, operations: Sequence[str], error: tuple[str, str], *arguments: Any
) -> None:
    dynamodb = bench.client("dynamodb")
    for operation in operations:
        bench.fault(dynamodb, operation, lambda *_: error)
    try:
        answer(dynamodb, *arguments)
    except WrongAnswer as exc:
        if error[0] in str(exc):
            return
        if "WaiterError" not in str(exc):
            raise
    raise WrongAnswer(
        f"When AWS answers {error[0]}, your function hides it. Catch the one exception that you expect."
    )


def _pieces(quantity: int | None) -> str:
    return "no item" if quantity is None else f"{quantity} pieces"


def _short(value: object) -> str:
    if value is None:
        return "nothing"
    return f"a {type(value).__name__}" if len(repr(value)) > 60 else repr(value)
