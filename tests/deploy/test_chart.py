"""The Helm chart is well-formed, valid for Kubernetes, and fits the restricted profile."""

import json
from typing import Any

import kubernetes_validate
import pytest
import yaml
from chart import CHART, NAMESPACE, OWN, ROLE, VARIANTS, rendered
from conftest import ROOT
from helm_python import Chart, HelmError
from helm_python.chart import lint

WARNING = 2
# The oldest version that Chart.yaml allows, and the newest that the schemas know.
KUBERNETES = ["1.29", kubernetes_validate.latest_version()]


def of_kind(kind: str, values: dict[str, Any]) -> dict[str, Any]:
    found = [manifest for manifest in rendered(values) if manifest["kind"] == kind]
    assert len(found) == 1, kind
    return found[0]


@pytest.mark.parametrize("variant", VARIANTS)
def test_helm_has_nothing_to_say(variant: str) -> None:
    report = lint(CHART, VARIANTS[variant], strict=True)
    serious = [message for message in report["messages"] if message["severity"] >= WARNING]
    assert (serious, report.get("errors") or []) == ([], [])


@pytest.mark.parametrize("kubernetes", KUBERNETES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_every_manifest_is_valid(variant: str, kubernetes: str) -> None:
    for manifest in rendered(VARIANTS[variant]):
        # ServiceMonitor and PrometheusRule are not of Kubernetes itself.
        if manifest["apiVersion"] != "monitoring.coreos.com/v1":
            kubernetes_validate.validate(manifest, kubernetes, strict=True)
        assert manifest["metadata"]["namespace"] == NAMESPACE


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_pod_fits_the_restricted_profile(variant: str) -> None:
    """Pod Security Standards, "restricted": each of its demands."""
    pod = of_kind("Deployment", VARIANTS[variant])["spec"]["template"]["spec"]
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert pod["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] != 0
    assert {next(iter(volume.keys() - {"name"})) for volume in pod.get("volumes", [])} <= {"configMap"}
    for container in pod["containers"] + pod.get("initContainers", []):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert all("hostPort" not in port for port in container["ports"])


def test_the_account_has_the_role_of_irsa_or_leaves_it_to_pod_identity() -> None:
    annotations = of_kind("ServiceAccount", VARIANTS["irsa"])["metadata"]["annotations"]
    assert annotations["eks.amazonaws.com/role-arn"] == ROLE
    assert "annotations" not in of_kind("ServiceAccount", VARIANTS["pod-identity"])["metadata"]
    egress = json.dumps(of_kind("NetworkPolicy", VARIANTS["pod-identity"])["spec"]["egress"])
    assert "169.254.170.23/32" in egress
    assert "169.254.170.23" not in json.dumps(of_kind("NetworkPolicy", VARIANTS["irsa"])["spec"])


def test_the_configuration_is_a_file_or_comes_from_elsewhere() -> None:
    def container(variant: str) -> dict[str, Any]:
        return of_kind("Deployment", VARIANTS[variant])["spec"]["template"]["spec"]["containers"][0]

    assert container("irsa")["volumeMounts"][0]["mountPath"] == "/etc/studio-gateway"
    elsewhere = container("pod-identity")
    assert elsewhere["args"] == ["serve"], "the image's own command names the file"
    assert elsewhere["env"] == [{"name": "STUDIO_GATEWAY_CONFIG", "value": "ssm:/studio-gateway/gateway.toml"}]
    assert "volumeMounts" not in elsewhere


def test_the_network_is_closed_but_for_what_is_needed() -> None:
    spec = of_kind("NetworkPolicy", VARIANTS["everything"])["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    assert [rule["ports"][0]["port"] for rule in spec["ingress"]] == [8080, 9090]
    assert [rule["ports"][0]["port"] for rule in spec["egress"]] == [53, 443, 6379]
    closed = of_kind("NetworkPolicy", VARIANTS["without-metrics"])["spec"]
    assert [rule["ports"][0]["port"] for rule in closed["ingress"]] == [8080]


def test_selectors_find_the_pods() -> None:
    values = VARIANTS["everything"]
    labels = of_kind("Deployment", values)["spec"]["template"]["metadata"]["labels"].items()
    for kind in ["Deployment", "PodDisruptionBudget", "ServiceMonitor"]:
        assert of_kind(kind, values)["spec"]["selector"]["matchLabels"].items() <= labels
    assert of_kind("Service", values)["spec"]["selector"].items() <= labels
    assert of_kind("NetworkPolicy", values)["spec"]["podSelector"]["matchLabels"].items() <= labels


def test_alerts_and_dashboard_are_those_of_the_folder() -> None:
    values = VARIANTS["everything"]
    alerts = yaml.safe_load((ROOT / "deploy/dashboards/alerts.yaml").read_text())
    assert of_kind("PrometheusRule", values)["spec"] == alerts
    dashboards = [one for one in rendered(values) if one["metadata"]["name"].endswith("-dashboard")]
    assert [one["metadata"]["labels"]["grafana_dashboard"] for one in dashboards] == ["1"]
    dashboard = json.loads((ROOT / "deploy/dashboards/grafana.json").read_text())
    assert json.loads(dashboards[0]["data"]["studio-gateway.json"]) == dashboard


def test_a_changed_configuration_is_a_new_rollout() -> None:
    def annotations(text: str) -> dict[str, str]:
        deployment = of_kind("Deployment", OWN | {"config": {"gateway.toml": text}})
        return deployment["spec"]["template"]["metadata"]["annotations"]

    assert annotations("a") == annotations("a") != annotations("b")


@pytest.mark.parametrize(
    "wrong",
    [
        {"replica": 3},
        {"image": {"repository": "x", "digest": "latest"}},
        {"serviceAccount": {"roleArn": "StudioGateway"}},
        {"replicas": {"least": 0}},
    ],
)
def test_values_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(HelmError):
        Chart.load(CHART).validate_schema(wrong)
