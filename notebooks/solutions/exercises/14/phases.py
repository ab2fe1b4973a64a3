"""The exit code of each command decides whether its phase fails. POST_BUILD runs after a failed BUILD too, because it is
the place to tidy up, so it has to ask whether the build is succeeding before it keeps anything.
`on-failure: ABORT` in `build` would keep `dist` empty too, but then nothing runs after a failed test, and nobody
sees its report.
"""


# %% solution
def phases():
    """The phases build and post_build of the buildspec, as a dictionary."""
    test = "python -m pytest --junitxml=reports/unit.xml"
    succeeding = 'test "$CODEBUILD_BUILD_SUCCEEDING" = 1'
    keep = "mkdir -p dist && cp -R inventory_lab lambda_function.py dist/"
    return {"build": {"commands": [test]}, "post_build": {"commands": [succeeding, keep]}}


# %% right: the other name of the option, and one `if` over several lines
def phases():
    keep = """if [ "$CODEBUILD_BUILD_SUCCEEDING" -eq 1 ]
then
  mkdir dist
  cp -r inventory_lab dist/
  cp lambda_function.py dist/
fi"""
    test = "python -m pytest -q --junit-xml=./reports/unit.xml"
    return dict(build=dict(commands=["mkdir -p reports", test]), post_build=dict(commands=[keep]))


# %% right: it copies always, and removes the copy when a test failed
def phases():
    tests = ("python --version", 'python -m pytest --junitxml "reports/unit.xml"')
    copies = ["mkdir -p dist", "cp -R inventory_lab lambda_function.py dist"]
    remove = "if test $CODEBUILD_BUILD_SUCCEEDING = 0; then rm -rf dist; fi"
    return {"build": {"commands": tests}, "post_build": {"commands": [*copies, remove]}}


# %% right: one command, and the copies made by Python
def phases():
    copies = "shutil.copytree('inventory_lab', 'dist/inventory_lab'); shutil.copy('lambda_function.py', 'dist')"
    guarded = f'[ "$CODEBUILD_BUILD_SUCCEEDING" = "1" ] && python -c "import shutil; {copies}"'
    test = "python -m pytest . -v --junitxml=$CODEBUILD_SRC_DIR/reports/unit.xml"
    build = {"commands": [test], "finally": ["echo tested"]}
    return {"build": build, "post_build": {"commands": [guarded]}}


# %% wrong: The tests failed, and the code is kept all the same
def phases():
    test = "python -m pytest --junitxml=reports/unit.xml"
    keep = "mkdir -p dist && cp -R inventory_lab lambda_function.py dist/"
    return {"build": {"commands": [test]}, "post_build": {"commands": [keep]}}


# %% wrong: There is no test report
def phases():
    keep = "mkdir -p dist && cp -R inventory_lab lambda_function.py dist/"
    return {"build": {"commands": ["python -m pytest"]}, "post_build": {"commands": [keep]}}


# %% wrong: A commit with a failing test succeeds.
def phases():
    test = "python -m pytest --junitxml=reports/unit.xml || true"
    keep = "mkdir -p dist && cp -R inventory_lab lambda_function.py dist/"
    return {"build": {"commands": [test]}, "post_build": {"commands": [keep]}}


# %% wrong: The artifact also has pytest.py, which the function does not need.
def phases():
    test = "python -m pytest --junitxml=reports/unit.xml"
    keep = "mkdir -p dist && cp -R *.py inventory_lab dist/"
    return {"build": {"commands": [test]}, "post_build": {"commands": [keep]}}


# %% wrong: fails in POST_BUILD: Error while executing command: cp -R inventory_lab lambda_function.py dist/
def phases():
    return {
        "build": {"commands": ["python -m pytest --junitxml=reports/unit.xml"]},
        "post_build": {"commands": ["cp -R inventory_lab lambda_function.py dist/"]},
    }


# %% wrong: A commit with a failing test fails in POST_BUILD. Run the tests in build.
def phases():
    test = "python -m pytest --junitxml=reports/unit.xml"
    keep = "mkdir -p dist && cp -R inventory_lab lambda_function.py dist/"
    return {"post_build": {"commands": [test, keep]}}


# %% wrong: CodeBuild would refuse it: buildspec: phases/build is not a mapping
def phases():
    test = "python -m pytest --junitxml=reports/unit.xml"
    return {"build": [test]}


# %% wrong: The artifact lacks lambda_function.py
def phases():
    test = "python -m pytest --junitxml=reports/unit.xml"
    return {"build": {"commands": [test, "mkdir -p dist", "cp -R inventory_lab dist/"]}}


# %% wrong: so its report is not stored either
def phases():
    test = "python -m pytest --junitxml=reports/unit.xml"
    keep = "mkdir -p dist && cp -R inventory_lab lambda_function.py dist/"
    build = {"commands": [test], "on-failure": "ABORT"}
    return {"build": build, "post_build": {"commands": [keep]}}


# %% wrong: are one text: make them a list
def phases():
    test = "python -m pytest --junitxml=reports/unit.xml"
    succeeding = 'test "$CODEBUILD_BUILD_SUCCEEDING" = 1'
    keep = "mkdir -p dist && cp -R inventory_lab lambda_function.py dist/"
    return {"build": {"commands": test}, "post_build": {"commands": [succeeding, keep]}}


# %% wrong: The phase post_build is missing
def phases():
    test = "python -m pytest --junitxml=reports/unit.xml"
    keep = "mkdir -p dist && cp -R inventory_lab lambda_function.py dist/"
    return {"build": {"commands": [test, keep]}}


# %% wrong: The builds of this course refuse it: buildspec: phases/build/on-failure CONTINUE
def phases():
    test = "python -m pytest --junitxml=reports/unit.xml"
    succeeding = 'test "$CODEBUILD_BUILD_SUCCEEDING" = 1'
    keep = "mkdir -p dist && cp -R inventory_lab lambda_function.py dist/"
    build = {"on-failure": "CONTINUE", "commands": [test]}
    return {"build": build, "post_build": {"commands": [succeeding, keep]}}


# %% wrong: Only a command that fails, with an exit code other than 0
def phases():
    test = "python -m pytest --junitxml=reports/unit.xml"
    succeeding = 'test "$CODEBUILD_BUILD_SUCCEEDING" = 1 || exit 0'
    keep = "mkdir -p dist && cp -R inventory_lab lambda_function.py dist/"
    return {"build": {"commands": [test]}, "post_build": {"commands": [succeeding, keep]}}
