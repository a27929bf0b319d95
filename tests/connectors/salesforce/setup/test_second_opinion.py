"""The package that Salesforce's own tool builds from the source, against the one that we build."""

from __future__ import annotations

import io
import subprocess
import zipfile
from pathlib import Path

import pytest
from lxml import etree

from connectors.salesforce.setup import source
from connectors.salesforce.setup.fields import Wanted
from connectors.sandbox import package_checks, packages
from tests import node

SCRIPT = """
const { ComponentSet, MetadataConverter } = require("@salesforce/source-deploy-retrieve");
const [folder, target] = process.argv.slice(2);
const set = ComponentSet.fromSource(folder);
new MetadataConverter()
  .convert(set, "metadata", { type: "zip", outputDirectory: target, packageName: "built" })
  .catch((error) => { console.error(error.message); process.exit(1); });
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The zip that the tool deploys."""
    folder = node.installed("@salesforce/source-deploy-retrieve")
    project, target = tmp_path_factory.mktemp("project"), tmp_path_factory.mktemp("built")
    source.write(source.components(Wanted(("Globex",))), project)
    script = folder / "convert.js"
    script.write_text(SCRIPT)
    command = ["node", str(script), str(project / "force-app"), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stderr
    return Path(target, "built.zip").read_bytes()


def content(package: bytes) -> dict[str, list[tuple[str, ...]]]:
    """The leaves of every file, in any order: the tool writes the fields of an object in another order."""
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        files = {name: etree.fromstring(archive.read(name)) for name in archive.namelist() if name[-1] != "/"}
    return {
        name: sorted((one.tag, one.text or "") for one in tree.iter("*") if not len(one))
        for name, tree in files.items()
    }


def test_salesforces_tool_builds_the_same_package(built):
    theirs, ours = content(built), content(source.package(source.components(Wanted(("Globex",)))))
    for package in (theirs, ours):  # its list of members names a package and a version of its own
        leaves = [(etree.QName(tag).localname, text.removesuffix("/")) for tag, text in package["package.xml"]]
        package["package.xml"] = sorted(leaf for leaf in leaves if leaf[0] not in ("fullName", "version"))
    assert theirs == ours


def test_the_sandbox_takes_what_the_tool_builds(built):
    package = packages.read(built)
    assert package.problems == ()
    assert list(package_checks.wrong({}, package.components)) == []
