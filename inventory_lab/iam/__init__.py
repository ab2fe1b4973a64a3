"""Who may do what: IAM policies decided as AWS decides them. Free of moto and of I/O.

| file | what it knows |
|---|---|
| `patterns.py` | wildcards and policy variables |
| `conditions.py` | the condition operators |
| `policy.py` | policy documents, read strictly |
| `evaluation.py` | `decide`: explicit deny, then allow, then nothing |
| `explanation.py` | why, and what the nearest statement lacks |
| `operations.py` | which actions on which resources an API call needs |
| `answers.py` | the words in which each service says no |
| `evaluate.py` | whose policies count, and the condition keys of a request |
| `lookups.py` | policies, tags and keys of resources, read through their APIs |
| `refusals.py` | what AWS refuses whatever the policies say |
| `attached.py` | the policies of a principal, read through the IAM API |
"""

from inventory_lab.iam.evaluation.decision import AccessRequest, Decision, decide

__all__ = ["AccessRequest", "Decision", "decide"]
