"""The Helm chart, rendered offline in the ways that people install it.

`chart.py FOLDER` writes the manifests of all of them there.
"""

import sys
from pathlib import Path
from typing import Any

import yaml
from helm_python import Chart

CHART = Path(__file__).resolve().parents[2] / "deploy/kubernetes/studio-gateway"
NAMESPACE = "studio-gateway"
ROLE = "arn:aws:iam::111122223333:role/StudioGateway"
DIGEST = "sha256:" + "0123456789abcdef" * 4
# What every installation says for itself.
OWN: dict[str, Any] = {"image": {"repository": "registry.example.com/studio-gateway", "digest": DIGEST}}

VARIANTS: dict[str, dict[str, Any]] = {
    "irsa": OWN | {"serviceAccount": {"roleArn": ROLE}, "config": {"gateway.toml": "[gateway]\n", "idp.xml": "<x/>"}},
    "pod-identity": OWN | {"configFrom": "ssm:/studio-gateway/gateway.toml", "secretName": "studio-gateway"},
    "everything": OWN
    | {
        "serviceAccount": {"roleArn": ROLE},
        "ingress": {"enabled": True, "tlsSecretName": "tls", "annotations": {"a.example/b": "c"}},
        "network": {"ledger": {"cidr": "10.20.0.0/20", "port": 6379}},
        "metrics": {
            "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
            "prometheusRule": {"enabled": True, "labels": {"release": "prometheus"}},
            "grafanaDashboard": {"enabled": True},
        },
        "imagePullSecrets": [{"name": "registry"}],
        "nodeSelector": {"kubernetes.io/arch": "arm64"},
        "tolerations": [{"key": "studio", "operator": "Exists"}],
    },
    "without-metrics": OWN | {"metrics": {"enabled": False}},
}


def rendered(values: dict[str, Any]) -> list[dict[str, Any]]:
    """The manifests, without those that are empty."""
    files = Chart.load(CHART).render(values, name="gateway", namespace=NAMESPACE)
    texts = [text for name, text in files.items() if name.endswith(".yaml")]
    return [manifest for text in texts for manifest in yaml.safe_load_all(text) if manifest]


if __name__ == "__main__":
    for variant, values in VARIANTS.items():
        Path(sys.argv[1], f"{variant}.yaml").write_text(yaml.safe_dump_all(rendered(values)))
