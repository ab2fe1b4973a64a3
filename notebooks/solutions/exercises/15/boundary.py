"""A boundary is an ordinary policy document; what makes it one is its use. The first statement needs no condition:
the names of the streams are the limit. The second closes the way out. Who may create roles may create one with
every right, and use it; with the condition, each new role has the same boundary as its creator, and so
has no more rights. `iam:PutRolePolicy` needs the condition too, for roles that somebody else created. What takes a
boundary away, such as `iam:DeleteRolePermissionsBoundary`, is not in the list and so is not allowed.
"""


# %% solution
def boundary(account, prefix):
    """The policy document that limits the learner who has this prefix."""
    limits = f"arn:aws:iam::{account}:policy/{prefix}boundary"
    streams = {
        "Effect": "Allow",
        "Action": "kinesis:*",
        "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
    }
    roles = {
        "Effect": "Allow",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
        "Condition": {"ArnEquals": {"iam:PermissionsBoundary": limits}},
    }
    return {"Version": "2012-10-17", "Statement": [streams, roles]}


# %% right: three statements, StringEquals, lists, and consumers of the streams
def boundary(account, prefix):
    limits = f"arn:aws:iam::{account}:policy/{prefix}boundary"
    arn = f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*"
    statements = [
        dict(
            Sid="Streams", Effect="Allow", Action=["Kinesis:*"], Resource=[arn, f"{arn}/consumer/*"]
        )
    ]
    for action in ("CreateRole", "PutRolePolicy"):
        statements.append(
            {
                "Sid": action,
                "Effect": "Allow",
                "Action": f"iam:{action}",
                "Resource": [f"arn:aws:iam::{account}:role/{prefix}*"],
                "Condition": {"StringEquals": {"iam:permissionsboundary": [limits]}},
            }
        )
    return {"Statement": statements, "Version": "2012-10-17"}


# %% right: it denies what is not inside the policy
def boundary(account, prefix):
    limits = f"arn:aws:iam::{account}:policy/{prefix}boundary"
    actions = ["iam:CreateRole", "iam:PutRolePolicy"]

    def allow(action, resource):
        return {"Effect": "Allow", "Action": action, "Resource": resource}

    deny = {"Effect": "Deny", "Action": actions, "Resource": "*"}
    deny["Condition"] = {"StringNotEquals": {"iam:PermissionsBoundary": limits}}
    return {
        "Version": "2012-10-17",
        "Statement": [
            allow("kinesis:*", f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*"),
            allow(actions, f"arn:aws:iam::{account}:role/{prefix}*"),
            deny,
        ],
    }


# %% wrong: on a role without any boundary
def boundary(account, prefix):
    statements = [
        {
            "Effect": "Allow",
            "Action": "kinesis:*",
            "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
        },
        {
            "Effect": "Allow",
            "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
            "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
        },
    ]
    return {"Version": "2012-10-17", "Statement": statements}


# %% wrong: A condition is for the whole statement
def boundary(account, prefix):
    statement = {
        "Effect": "Allow",
        "Action": ["kinesis:*", "iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": [
            f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
            f"arn:aws:iam::{account}:role/{prefix}*",
        ],
        "Condition": {
            "ArnEquals": {
                "iam:PermissionsBoundary": f"arn:aws:iam::{account}:policy/{prefix}boundary"
            }
        },
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


# %% wrong: the stream of a neighbour
def boundary(account, prefix):
    inside = {
        "ArnEquals": {"iam:PermissionsBoundary": f"arn:aws:iam::{account}:policy/{prefix}boundary"}
    }
    statements = [
        {"Effect": "Allow", "Action": "kinesis:*", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
            "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
            "Condition": inside,
        },
    ]
    return {"Version": "2012-10-17", "Statement": statements}


# %% wrong: It does not allow kinesis:CreateStream on stream/<prefix>orders
def boundary(account, prefix):
    inside = {
        "ArnEquals": {"iam:PermissionsBoundary": f"arn:aws:iam::{account}:policy/{prefix}boundary"}
    }
    statements = [
        {
            "Effect": "Allow",
            "Action": "kinesis:*",
            "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}",
        },
        {
            "Effect": "Allow",
            "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
            "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
            "Condition": inside,
        },
    ]
    return {"Version": "2012-10-17", "Statement": statements}


# %% wrong: the learner may take the boundary off a role
def boundary(account, prefix):
    inside = {
        "ArnEquals": {"iam:PermissionsBoundary": f"arn:aws:iam::{account}:policy/{prefix}boundary"}
    }
    statements = [
        {
            "Effect": "Allow",
            "Action": "kinesis:*",
            "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
        },
        {
            "Effect": "Allow",
            "Action": "iam:*",
            "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
            "Condition": inside,
        },
    ]
    return {"Version": "2012-10-17", "Statement": statements}


# %% wrong: Compare the condition's key and ARN
def boundary(account, prefix):
    inside = {"ArnEquals": {"iam:PermissionsBoundary": f"arn:aws:iam::{account}:policy/boundary"}}
    statements = [
        {
            "Effect": "Allow",
            "Action": "kinesis:*",
            "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
        },
        {
            "Effect": "Allow",
            "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
            "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
            "Condition": inside,
        },
    ]
    return {"Version": "2012-10-17", "Statement": statements}


# %% wrong: inside another policy than the learner's own
def boundary(account, prefix):
    inside = {"ArnLike": {"iam:PermissionsBoundary": f"arn:aws:iam::{account}:policy/*"}}
    statements = [
        {
            "Effect": "Allow",
            "Action": "kinesis:*",
            "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
        },
        {
            "Effect": "Allow",
            "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
            "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
            "Condition": inside,
        },
    ]
    return {"Version": "2012-10-17", "Statement": statements}


# %% wrong: on a role without any boundary
def boundary(account, prefix):
    inside = {
        "ArnEqualsIfExists": {
            "iam:PermissionsBoundary": f"arn:aws:iam::{account}:policy/{prefix}boundary"
        }
    }
    statements = [
        {
            "Effect": "Allow",
            "Action": "kinesis:*",
            "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
        },
        {
            "Effect": "Allow",
            "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
            "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
            "Condition": inside,
        },
    ]
    return {"Version": "2012-10-17", "Statement": statements}


# %% wrong: it allows actions on a stream in another region
def boundary(account, prefix):
    limits = f"arn:aws:iam::{account}:policy/{prefix}boundary"
    streams = {
        "Effect": "Allow",
        "Action": "kinesis:*",
        "Resource": f"arn:aws:kinesis:*:{account}:stream/{prefix}*",
    }
    roles = {
        "Effect": "Allow",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
        "Condition": {"ArnEquals": {"iam:PermissionsBoundary": limits}},
    }
    return {"Version": "2012-10-17", "Statement": [streams, roles]}


# %% wrong: it allows actions on a consumer of a neighbour's stream
def boundary(account, prefix):
    limits = f"arn:aws:iam::{account}:policy/{prefix}boundary"
    streams = {
        "Effect": "Allow",
        "Action": "kinesis:*",
        "Resource": f"arn:aws:kinesis:us-east-1:{account}:*/{prefix}*",
    }
    roles = {
        "Effect": "Allow",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
        "Condition": {"ArnEquals": {"iam:PermissionsBoundary": limits}},
    }
    return {"Version": "2012-10-17", "Statement": [streams, roles]}


# %% wrong: inside another policy than the learner's own
def boundary(account, prefix):
    limits = f"arn:aws:iam::{account}:policy/{prefix}*"
    streams = {
        "Effect": "Allow",
        "Action": "kinesis:*",
        "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
    }
    roles = {
        "Effect": "Allow",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
        "Condition": {"ArnLike": {"iam:PermissionsBoundary": limits}},
    }
    return {"Version": "2012-10-17", "Statement": [streams, roles]}


# %% wrong: inside another policy than the learner's own
def boundary(account, prefix):
    limits = f"arn:aws:iam::*:policy/{prefix}boundary"
    streams = {
        "Effect": "Allow",
        "Action": "kinesis:*",
        "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
    }
    roles = {
        "Effect": "Allow",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
        "Condition": {"ArnLike": {"iam:PermissionsBoundary": limits}},
    }
    return {"Version": "2012-10-17", "Statement": [streams, roles]}


# %% wrong: The task says: all of Kinesis
def boundary(account, prefix):
    limits = f"arn:aws:iam::{account}:policy/{prefix}boundary"
    streams = {
        "Effect": "Allow",
        "Action": ["kinesis:CreateStream", "kinesis:PutRecord", "kinesis:DeleteStream"],
        "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
    }
    roles = {
        "Effect": "Allow",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
        "Condition": {"ArnEquals": {"iam:PermissionsBoundary": limits}},
    }
    return {"Version": "2012-10-17", "Statement": [streams, roles]}


# %% wrong: It also allows iam:PassRole
def boundary(account, prefix):
    limits = f"arn:aws:iam::{account}:policy/{prefix}boundary"
    streams = {
        "Effect": "Allow",
        "Action": "kinesis:*",
        "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
    }
    roles = {
        "Effect": "Allow",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy", "iam:PassRole"],
        "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
        "Condition": {"ArnEquals": {"iam:PermissionsBoundary": limits}},
    }
    return {"Version": "2012-10-17", "Statement": [streams, roles]}


# %% wrong: inside another policy than the learner's own
def boundary(account, prefix):
    limits = f"arn:aws:iam::{account}:policy/{prefix}boundary*"
    streams = {
        "Effect": "Allow",
        "Action": "kinesis:*",
        "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
    }
    roles = {
        "Effect": "Allow",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
        "Condition": {"ArnLike": {"iam:PermissionsBoundary": limits}},
    }
    return {"Version": "2012-10-17", "Statement": [streams, roles]}


# %% wrong: on a role whose name does not begin with the prefix
def boundary(account, prefix):
    limits = f"arn:aws:iam::{account}:policy/{prefix}boundary"
    streams = {
        "Effect": "Allow",
        "Action": "kinesis:*",
        "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
    }
    roles = {
        "Effect": "Allow",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": f"arn:aws:iam::{account}:role/*{prefix}*",
        "Condition": {"ArnEquals": {"iam:PermissionsBoundary": limits}},
    }
    return {"Version": "2012-10-17", "Statement": [streams, roles]}


# %% wrong: actions on a stream in us-west-2
def boundary(account, prefix):
    limits = f"arn:aws:iam::{account}:policy/{prefix}boundary"
    streams = {
        "Effect": "Allow",
        "Action": "kinesis:*",
        "Resource": f"arn:aws:kinesis:us-*:{account}:stream/{prefix}*",
    }
    roles = {
        "Effect": "Allow",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
        "Condition": {"ArnEquals": {"iam:PermissionsBoundary": limits}},
    }
    return {"Version": "2012-10-17", "Statement": [streams, roles]}


# %% wrong: begins like the prefix, without its dash
def boundary(account, prefix):
    limits = f"arn:aws:iam::{account}:policy/{prefix}boundary"
    learner = prefix.removesuffix("-")
    streams = {
        "Effect": "Allow",
        "Action": "kinesis:*",
        "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{learner}*",
    }
    roles = {
        "Effect": "Allow",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": f"arn:aws:iam::{account}:role/{learner}*",
        "Condition": {"ArnEquals": {"iam:PermissionsBoundary": limits}},
    }
    return {"Version": "2012-10-17", "Statement": [streams, roles]}


# %% wrong: IAM refuses the document
def boundary(account, prefix):
    limits = f"arn:aws:iam::{account}:policy/{prefix}boundary"
    streams = {
        "Effect": "Allow",
        "Action": "kinesis:*",
        "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
    }
    roles = {
        "Effect": "Allow",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
        "Condition": {"ArnEquals": {"iam:PermissionsBoundary": limits}},
    }
    return {"Statement": [streams, roles]}


# %% wrong: it allows kinesis:ListStreams on
def boundary(account, prefix):
    limits = f"arn:aws:iam::{account}:policy/{prefix}boundary"
    streams = {
        "Effect": "Allow",
        "Action": "kinesis:*",
        "Resource": f"arn:aws:kinesis:us-east-1:{account}:stream/{prefix}*",
    }
    roles = {
        "Effect": "Allow",
        "Action": ["iam:CreateRole", "iam:PutRolePolicy"],
        "Resource": f"arn:aws:iam::{account}:role/{prefix}*",
        "Condition": {"ArnEquals": {"iam:PermissionsBoundary": limits}},
    }
    look = {"Effect": "Allow", "Action": "kinesis:ListStreams", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [streams, roles, look]}
