"""The zip is made in memory, because Lambda takes bytes; they are complete only after the with-block
has closed the archive. `Handler` is the file without `.py`, a dot, and the function's name. Creating
comes first, and `ResourceConflictException` says that the function exists: then it gets the new code, and
keeps its name, its log and all that invokes it. Both calls answer before Lambda has finished, so there is
a waiter for each.
"""

# %% solution
import io
import zipfile


def create_function(functions, name, role, source, **more):
    """The ARN of the function, created or brought up to date with this source."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    code = archive.getvalue()
    try:
        functions.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="app.handle",
            Timeout=10,
            Code={"ZipFile": code},
            **more,
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
    except functions.exceptions.ResourceConflictException:
        functions.update_function_code(FunctionName=name, ZipFile=code)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% wrong: The second call, for a function that exists, fails with ResourceConflictException.
import io
import zipfile


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="app.handle",
        Timeout=10,
        Code={"ZipFile": archive.getvalue()},
        **more,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% wrong: Lambda cannot unzip the code.
import io
import zipfile


def create_function(functions, name, role, source, **more):
    functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="app.handle",
        Timeout=10,
        Code={"ZipFile": source.encode()},
        **more,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% wrong: Lambda cannot unzip the code.
import io
import zipfile


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
        code = archive.getvalue()
    functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="app.handle",
        Timeout=10,
        Code={"ZipFile": code},
        **more,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% wrong: Handler is the name of the file in the zip, without .py, a dot, and `handle`.
import io
import zipfile


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="app.handler",
        Timeout=10,
        Code={"ZipFile": archive.getvalue()},
        **more,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% wrong: keeps its old code
import io
import zipfile


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    try:
        functions.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="app.handle",
            Timeout=10,
            Code={"ZipFile": archive.getvalue()},
            **more,
        )
    except functions.exceptions.ResourceConflictException:
        pass
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% wrong: Its Runtime is python3.12, and should be python3.13.
import io
import zipfile


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    answer = functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.12",
        Handler="app.handle",
        Timeout=10,
        Code={"ZipFile": archive.getvalue()},
        **more,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return answer["FunctionArn"]


# %% wrong: No function was created: call functions.create_function.
import io
import zipfile


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    return archive.getvalue()


# %% wrong: It deletes the function that exists.
import io
import zipfile


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    try:
        functions.delete_function(FunctionName=name)
    except functions.exceptions.ResourceNotFoundException:
        pass
    functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="app.handle",
        Timeout=10,
        Code={"ZipFile": archive.getvalue()},
        **more,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% wrong: It returns while the new function is still Pending.
import io
import zipfile


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    try:
        answer = functions.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="app.handle",
            Timeout=10,
            Code={"ZipFile": archive.getvalue()},
            **more,
        )
    except functions.exceptions.ResourceConflictException:
        answer = functions.update_function_code(FunctionName=name, ZipFile=archive.getvalue())
    return answer["FunctionArn"]


# %% wrong: It returns while the new code is still InProgress
import io
import zipfile


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    try:
        answer = functions.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="app.handle",
            Timeout=10,
            Code={"ZipFile": archive.getvalue()},
            **more,
        )
    except functions.exceptions.ResourceConflictException:
        answer = functions.update_function_code(FunctionName=name, ZipFile=archive.getvalue())
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return answer["FunctionArn"]


# %% wrong: Your function asks whether the function exists, and then creates it.
import io
import zipfile


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    code = archive.getvalue()
    if name in [each["FunctionName"] for each in functions.list_functions()["Functions"]]:
        functions.update_function_code(FunctionName=name, ZipFile=code)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    else:
        functions.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="app.handle",
            Timeout=10,
            Code={"ZipFile": code},
            **more,
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% wrong: When AWS answers InvalidParameterValueException, your function hides it and goes on.
import io
import zipfile


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    code = archive.getvalue()
    try:
        functions.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="app.handle",
            Timeout=10,
            Code={"ZipFile": code},
            **more,
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
    except Exception:
        functions.update_function_code(FunctionName=name, ZipFile=code)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% wrong: Its Timeout is 3, and should be 10.
import io
import zipfile


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="app.handle",
        Code={"ZipFile": archive.getvalue()},
        **more,
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% wrong: The function lacks its Environment: pass `**more` to create_function.
import io
import zipfile


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    answer = functions.create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="app.handle",
        Timeout=10,
        Code={"ZipFile": archive.getvalue()},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return answer["FunctionArn"]


# %% wrong: It returns while the new code is still InProgress
def create_function(functions, name, role, source, **more):
    import io
    import zipfile

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    code = archive.getvalue()
    try:
        functions.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="app.handle",
            Timeout=10,
            Code={"ZipFile": code},
            **more,
        )
    except functions.exceptions.ResourceConflictException:
        functions.update_function_code(FunctionName=name, ZipFile=code)
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% wrong: it changes Environment of the function that exists
def create_function(functions, name, role, source, **more):
    import io
    import zipfile

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    code = archive.getvalue()
    try:
        functions.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="app.handle",
            Timeout=10,
            Code={"ZipFile": code},
            **more,
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
    except functions.exceptions.ResourceConflictException:
        functions.update_function_code(FunctionName=name, ZipFile=code)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
        variables = more.get("Environment", {})
        functions.update_function_configuration(FunctionName=name, Environment=variables)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% wrong: The function lacks its Description
def create_function(functions, name, role, source, **more):
    import io
    import zipfile

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    code = archive.getvalue()
    try:
        functions.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="app.handle",
            Timeout=10,
            Code={"ZipFile": code},
            Environment=more.get("Environment", {}),
            Tags=more.get("Tags", {}),
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
    except functions.exceptions.ResourceConflictException:
        functions.update_function_code(FunctionName=name, ZipFile=code)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% wrong: Write `source` into app.py as it is.
def create_function(functions, name, role, source, **more):
    import io
    import zipfile

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source.splitlines()[0])
    code = archive.getvalue()
    try:
        functions.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="app.handle",
            Timeout=10,
            Code={"ZipFile": code},
            **more,
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
    except functions.exceptions.ResourceConflictException:
        functions.update_function_code(FunctionName=name, ZipFile=code)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]
