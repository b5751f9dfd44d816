"""CloudFormation templates with their parameters put in, as far as policies need it."""

import re
from pathlib import Path
from typing import Any

from cfnlint.decode import cfn_yaml

PSEUDO = {"AWS::Partition": "aws", "AWS::AccountId": "111122223333", "AWS::Region": "ap-northeast-2"}


class Template:
    """A template and the values of its parameters; those that are not given have their defaults."""

    def __init__(self, path: Path, given: dict[str, str]) -> None:
        self.body = cfn_yaml.load(str(path))
        defaults = {name: one.get("Default") for name, one in self.body["Parameters"].items()}
        unknown = given.keys() - defaults.keys() - PSEUDO.keys()
        assert not unknown, f"{path} has no parameters {unknown}"
        self.values: dict[str, Any] = PSEUDO | defaults | given
        for name, one in self.body["Parameters"].items():
            if one["Type"] == "CommaDelimitedList" and self.values[name] is not None:
                self.values[name] = self.values[name].split(",")

    def at(self, *path: str | int) -> Any:
        """What is at a path, resolved."""
        value = self.body
        for step in path:
            value = value[step]
        return self.resolved(value)

    def resolved(self, value: Any) -> Any:
        """The value with Ref, Fn::Sub, Fn::Join, Fn::If, Fn::Equals and Fn::Not worked out; NoValue is left out."""
        if isinstance(value, list):
            resolved = [self.resolved(item) for item in value]
            return [item for item in resolved if item is not None]
        if not isinstance(value, dict):
            return value
        match list(value.items()):
            case [("Ref", "AWS::NoValue")]:
                return None
            case [("Ref", name)]:
                return self.values[name]
            case [("Fn::Sub", text)]:
                return re.sub(r"\$\{([\w:]+)\}", lambda found: str(self.values[found[1]]), text)
            case [("Fn::Join", [separator, items])]:
                return separator.join(self.resolved(items))
            case [("Fn::If", [condition, then, otherwise])]:
                holds = self.resolved(self.body["Conditions"][condition])
                return self.resolved(then if holds else otherwise)
            case [("Fn::Equals", [one, other])]:
                return self.resolved(one) == self.resolved(other)
            case [("Fn::Not", [one])]:
                return not self.resolved(one)
        resolved = {key: self.resolved(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not None}
