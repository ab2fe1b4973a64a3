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


# %% right: a compressed zip, and the ARN of the answer
import io, zipfile


def create_function(functions, name, role, source, **more):
    buffer = io.BytesIO()
    package = zipfile.ZipFile(buffer, mode="w", compression=zipfile.ZIP_DEFLATED)
    package.writestr("app.py", source.encode("utf-8"))
    package.close()
    buffer.seek(0)
    code = buffer.read()
    try:
        answer = functions.create_function(
            FunctionName=name,
            Code=dict(ZipFile=code),
            Handler="app.handle",
            Role=role,
            Runtime="python3.13",
            Timeout=10,
            PackageType="Zip",
            **more,
        )
        waiter = "function_active_v2"
    except functions.exceptions.ResourceConflictException:
        answer = functions.update_function_code(ZipFile=code, FunctionName=name)
        waiter = "function_updated_v2"
    functions.get_waiter(waiter).wait(FunctionName=name, WaiterConfig={"Delay": 1})
    return answer["FunctionArn"]


# %% right: both waiters in every case
import io, zipfile


def packed(source):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("app.py", source)
    return archive.getvalue()


def create_function(functions, name, role, source, **more):
    zipped = packed(source)
    try:
        functions.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="app.handle",
            Timeout=10,
            Code={"ZipFile": zipped},
            Publish=False,
            **more,
        )
    except functions.exceptions.ResourceConflictException:
        print("exists")
        functions.update_function_code(FunctionName=name, ZipFile=zipped)
    functions.get_waiter("function_active_v2").wait(FunctionName=name)
    functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% right: a loop of its own instead of the waiters
import io, zipfile
import time


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr(zipfile.ZipInfo("app.py"), source)
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
    while True:
        found = functions.get_function_configuration(FunctionName=name)
        if found["State"] == "Active" and found["LastUpdateStatus"] == "Successful":
            return found["FunctionArn"]
        time.sleep(1)


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


# %% wrong: It changes the settings of the function that exists
import io, zipfile


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
    except functions.exceptions.ResourceConflictException:
        functions.update_function_code(FunctionName=name, ZipFile=code)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
        functions.update_function_configuration(FunctionName=name, Timeout=30)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]


# %% wrong: The file in the zip is app.py
import io, zipfile


def create_function(functions, name, role, source, **more):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("main.py", source)
    code = archive.getvalue()
    try:
        functions.create_function(
            FunctionName=name,
            Role=role,
            Runtime="python3.13",
            Handler="main.handle",
            Timeout=10,
            Code={"ZipFile": code},
            **more,
        )
        functions.get_waiter("function_active_v2").wait(FunctionName=name)
    except functions.exceptions.ResourceConflictException:
        functions.update_function_code(FunctionName=name, ZipFile=code)
        functions.get_waiter("function_updated_v2").wait(FunctionName=name)
    return functions.get_function_configuration(FunctionName=name)["FunctionArn"]
