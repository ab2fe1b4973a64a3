"""A denial names everything that is needed: the action after `perform:`, the resource after `resource:`. Allow exactly
these two. An explicit deny is another thing: somebody decided it, and no Allow overrides it. An error that is not a
denial is not cured by a policy at all.
"""


# %% solution
def mend(error):
    """The statement that allows what was denied; None where no Allow can help."""
    import re

    denial = re.search(r"not authorized to perform: (\S+) on resource: (\S+)", error)
    if denial is None or "explicit deny" in error:
        return None
    return {"Effect": "Allow", "Action": denial[1], "Resource": denial[2]}


# %% right: split, lists and a Sid
def mend(error):
    if "is not authorized to perform: " not in error or "with an explicit deny" in error:
        return None
    action = error.split("not authorized to perform: ")[1].split(" ")[0]
    resource = error.split(" on resource: ")[1].split()[0]
    return {"Sid": "Mended", "Effect": "Allow", "Action": [action], "Resource": [resource]}


# %% right: partition, and a tuple
def mend(error: str) -> dict | None:
    _, found, rest = error.partition("perform: ")
    if not found or "explicit deny" in rest:
        return
    action, _, rest = rest.partition(" on resource: ")
    resource, _, _ = rest.partition(" ")
    return dict(Effect="Allow", Action=(action,), Resource=resource)


# %% right: words and their places
def mend(error):
    try:
        words = error.split()
        action = words[words.index("perform:") + 1]
        resource = words[words.index("resource:") + 1]
    except ValueError:
        return None
    if "an explicit deny" in error:
        return None
    print(action, resource)
    return {"Effect": "Allow", "Action": action, "Resource": resource}


# %% wrong: For a denied lambda:InvokeFunction: It is too wide.
def mend(error):
    import re

    denial = re.search(r"perform: (\S+) on resource: (\S+)", error)
    if denial is None or "explicit deny" in error:
        return None
    return {"Effect": "Allow", "Action": denial[1], "Resource": "*"}


# %% wrong: but no Allow overrides a Deny. Return None.
def mend(error):
    import re

    denial = re.search(r"perform: (\S+) on resource: (\S+)", error)
    return denial and {"Effect": "Allow", "Action": denial[1], "Resource": denial[2]}


# %% wrong: TypeError in line 7
def mend(error):
    import re

    denial = re.search(r"perform: (\S+) on resource: (\S+)", error)
    if "explicit deny" in error:
        return None
    return {"Effect": "Allow", "Action": denial[1], "Resource": denial[2]}


# %% wrong: For a denied sqs:SendMessage: It does not allow sqs:SendMessage
def mend(error):
    if "explicit deny" in error or "perform" not in error:
        return None
    return {
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": error.split("resource: ")[1].split(" ")[0],
    }


# %% wrong: look for the words `with an explicit deny`
def mend(error):
    if "not authorized to perform: " not in error or "deny" in error:
        return None
    action = error.split("perform: ")[1].split(" ")[0]
    resource = error.split("on resource: ")[1].split(" ")[0]
    return {"Effect": "Allow", "Action": action, "Resource": resource}


# %% wrong: It returns a whole policy.
def mend(error):
    if "not authorized to perform: " not in error or "explicit deny" in error:
        return None
    action = error.split("perform: ")[1].split(" ")[0]
    resource = error.split("on resource: ")[1].split(" ")[0]
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


# %% wrong: is not a denial: return None for it
def mend(error):
    action = error.split("perform: ")[1].split(" ")[0]
    resource = error.split("on resource: ")[1].split(" ")[0]
    if "explicit deny" in error:
        return None
    return {"Effect": "Allow", "Action": action, "Resource": resource}
