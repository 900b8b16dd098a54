"""The versions of HOT, by the releases of OpenStack that added them (heat/engine/hot/template.py)."""

from __future__ import annotations

from enum import IntEnum


class Version(IntEnum):
    """A `heat_template_version`. Each includes the earlier ones, with the changes noted where they matter."""

    ICEHOUSE = 20130523
    JUNO = 20141016
    KILO = 20150430
    LIBERTY = 20151015
    MITAKA = 20160408
    NEWTON = 20161014
    OCATA = 20170224
    PIKE = 20170901
    QUEENS = 20180302
    ROCKY = 20180831
    WALLABY = 20210416

    @property
    def date(self) -> str:
        """How templates write it: `2018-08-31`."""
        digits = str(int(self))
        return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"


# from Newton on Heat accepts the name of a release for its date
VERSIONS = {version.date: version for version in Version} | {
    version.name.lower(): version for version in Version if version >= Version.NEWTON
}
