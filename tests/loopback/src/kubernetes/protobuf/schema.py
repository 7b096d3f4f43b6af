#!/usr/bin/env python3
"""Writes schema.tsv: how the JSON of Kubernetes' own kinds stands in protobuf.

The tags and types come from the crate k8s-pb, which prost-build made of Kubernetes' generated.proto files, and the JSON names from
k8s-openapi, which was made of its OpenAPI document. Both are read as source from cargo's registry, so `cargo fetch` comes first.
What no published schema has is which fields a Go server writes although they are empty; those are listed here.

    python3 schema.py [~/.cargo/registry/src/*] > schema.tsv
"""

import glob
import os
import re
import sys

ROOTS = [
    "core.v1.Pod", "core.v1.Namespace", "core.v1.ConfigMap", "networking.v1.NetworkPolicy", "apps.v1.DaemonSet", "meta.v1.Status",
]

# Types whose JSON is no object of the same fields.
SPECIAL = {
    "meta.v1.Time": "time", "meta.v1.MicroTime": "time", "meta.v1.FieldsV1": "fieldsV1",
    "resource.Quantity": "quantity", "intstr.IntOrString": "intOrString",
}

# Go structs have pointers for what may be unset; everything else is written always, empty or zero as it may be, and so are inlined
# messages. This list holds the fields that are no pointers, of the messages that many pods, namespaces and network policies have.
ALWAYS = {
    "meta.v1.ObjectMeta": "name generateName namespace selfLink uid resourceVersion generation creationTimestamp",
    "meta.v1.OwnerReference": "kind name uid apiVersion",
    "meta.v1.ManagedFieldsEntry": "manager operation apiVersion fieldsType subresource",
    "meta.v1.ListMeta": "selfLink resourceVersion continue",
    "meta.v1.Status": "metadata status message reason code",
    "meta.v1.StatusDetails": "name group kind retryAfterSeconds uid",
    "meta.v1.LabelSelectorRequirement": "key operator",
    "core.v1.Namespace": "metadata spec status",
    "core.v1.NamespaceStatus": "phase",
    "core.v1.Pod": "metadata spec status",
    "core.v1.PodSpec": "restartPolicy dnsPolicy serviceAccountName serviceAccount nodeName hostNetwork hostPID hostIPC hostname "
                       "subdomain schedulerName priorityClassName",
    "core.v1.PodOS": "name",
    "core.v1.Container": "name image workingDir resources terminationMessagePath terminationMessagePolicy imagePullPolicy stdin "
                         "stdinOnce tty",
    "core.v1.EphemeralContainer": "targetContainerName",
    "core.v1.EphemeralContainerCommon": "name image workingDir resources terminationMessagePath terminationMessagePolicy "
                                        "imagePullPolicy stdin stdinOnce tty",
    "core.v1.ContainerPort": "name hostPort containerPort protocol hostIP",
    "core.v1.EnvVar": "name value",
    "core.v1.ObjectFieldSelector": "apiVersion fieldPath",
    "core.v1.LocalObjectReference": "name",
    "core.v1.ConfigMapKeySelector": "key",
    "core.v1.SecretKeySelector": "key",
    "core.v1.SecretVolumeSource": "secretName",
    "core.v1.HostPathVolumeSource": "path",
    "core.v1.KeyToPath": "key path",
    "core.v1.EmptyDirVolumeSource": "medium",
    "core.v1.ImageVolumeSource": "reference pullPolicy",
    "core.v1.ServiceAccountTokenProjection": "audience path",
    "core.v1.DownwardAPIVolumeFile": "path",
    "core.v1.Volume": "name",
    "core.v1.VolumeMount": "name readOnly mountPath subPath subPathExpr",
    "core.v1.Probe": "initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold",
    "core.v1.HTTPGetAction": "path port host scheme",
    "core.v1.TCPSocketAction": "port host",
    "core.v1.HTTPHeader": "name value",
    "core.v1.SeccompProfile": "type",
    "core.v1.SELinuxOptions": "user role type level",
    "core.v1.Toleration": "key operator value effect",
    "core.v1.TopologySpreadConstraint": "maxSkew topologyKey whenUnsatisfiable",
    "core.v1.PodAffinityTerm": "topologyKey",
    "core.v1.PodCondition": "type status lastProbeTime lastTransitionTime reason message observedGeneration",
    "core.v1.PodIP": "ip",
    "core.v1.HostIP": "ip",
    "core.v1.PodStatus": "phase message reason hostIP podIP qosClass nominatedNodeName resize observedGeneration",
    "core.v1.ContainerStatus": "name state lastState ready restartCount image imageID containerID",
    "core.v1.ContainerStateRunning": "startedAt",
    "core.v1.ContainerStateTerminated": "exitCode signal reason message startedAt finishedAt containerID",
    "core.v1.ContainerStateWaiting": "reason message",
    "networking.v1.NetworkPolicy": "metadata spec",
    "networking.v1.NetworkPolicySpec": "podSelector",
    "networking.v1.IPBlock": "cidr",
}


def package(path):
    """`core.v1` of a Rust module path such as api::core::v1 or api/core/v1."""
    parts = [part for part in re.split(r"::|/", path) if part]
    if "meta" in parts:
        return "meta." + parts[-1]
    if parts[-1] in ("resource", "intstr"):
        return parts[-1]
    return ".".join(parts[-2:])


def protobuf_messages(root):
    """(package, name) -> [(Rust field, tag, wire type, shape, message)]"""
    messages = {}
    for directory in ["api/core/v1", "api/networking/v1", "api/apps/v1", "apimachinery/pkg/apis/meta/v1"]:
        text = open(f"{root}/src/{directory}/mod.rs").read()
        for name, body in re.findall(r"^pub struct (\w+) \{(.*?)^\}", text, re.S | re.M):
            fields = []
            for attribute, field, rust in re.findall(
                r"#\[prost\(([^\]]*)\)\]\s*pub (?:r#)?(\w+):\s+(.*?),\n(?=\s*(?:///|#\[|\Z))", body, re.S
            ):
                tag = int(re.search(r'tag = "(\d+)"', attribute).group(1))
                mapped = re.match(r'(?:btree_)?map = "string, (\w+)', attribute)
                wire = mapped.group(1) if mapped else re.match(r"\w+", attribute).group(0)
                shape = "map" if mapped else "repeated" if "repeated" in attribute else "one"
                message = None
                if wire == "message":
                    path = re.search(r"([\w:]+)[\s,>]*$", rust).group(1)
                    module, _, type_name = path.rpartition("::")
                    module = directory if not module else module.replace("super::", "")
                    message = f"{package(module)}.{type_name}"
                fields.append((field, tag, wire, shape, message))
            messages[f"{package(directory)}.{name}"] = fields
    return messages


def json_names(root):
    """package.Name -> (Kubernetes' spelling of it, [JSON fields])"""
    names = {}
    version = f"{root}/src/v1_35"  # what k8s-pb 0.9 was made of
    for directory in ["api/core/v1", "api/networking/v1", "api/apps/v1", "apimachinery/pkg/apis/meta/v1"]:
        for path in glob.glob(f"{version}/{directory}/*.rs"):
            text = open(path).read()
            kind = re.search(r"^pub struct (\w+)", text, re.M)
            listed = re.search(r"deserialize_struct\(\s*[^,]+,\s*&\[(.*?)\]", text, re.S)
            if kind and listed:
                spelled = f"{package(directory)}.{kind.group(1)}"
                names[spelled.lower()] = (spelled, re.findall(r'"([^"]+)"', listed.group(1)))
    return names


def main():
    registry = sys.argv[1] if sys.argv[1:] else os.path.expanduser("~/.cargo/registry/src/*")
    newest = lambda name: sorted(glob.glob(f"{registry}/{name}.*"))[-1]
    messages, names = protobuf_messages(newest("k8s-pb-0")), json_names(newest("k8s-openapi-0"))
    by_lower = {name.lower(): name for name in messages}
    spelling = lambda name: names[name.lower()][0] if name.lower() in names else name
    # A message that OpenAPI does not name is inlined: its JSON names are among those of the message around it.
    left = [(root, names[root.lower()][1]) for root in ROOTS]
    rows = {}
    while left:
        message, json = left.pop()
        if message in rows:
            continue
        rows[message] = []
        always = ALWAYS.get(message, "").split()
        unclaimed = set(json)
        for field, tag, wire, shape, inner in messages[by_lower[message.lower()]]:
            plain = field.replace("_", "").lower()
            name = next((name for name in json if name.lower() == plain), None)
            unclaimed.discard(name)
            if name is None and inner is None:
                print(f"not in JSON: {message} {field} = {tag}", file=sys.stderr)
                continue
            kind = SPECIAL.get(inner) or (spelling(inner) if inner else wire)
            name = name or "-"
            written = name == "-" or name in always
            rows[message].append((message, name, tag, shape, kind, "always" if written else ""))
            if inner and inner not in SPECIAL:
                own = names[inner.lower()][1] if inner.lower() in names else json
                left.append((spelling(inner), own))
                if name == "-":
                    unclaimed -= set(own)
        missing = set(always) - {row[1] for row in rows[message]}
        if missing:
            sys.exit(f"{message} has no {missing}")
        if unclaimed - {"apiVersion", "kind"} and message.lower() in names:
            sys.exit(f"not in protobuf: {message} {unclaimed}")
    if set(ALWAYS) - set(rows):
        sys.exit(f"never reached: {set(ALWAYS) - set(rows)}")
    print("# Written by schema.py: message, JSON field (- where its fields lie in the message around it), tag, shape, type, and")
    print("# always where it is written although it is empty.")
    for message in sorted(rows):
        for row in sorted(rows[message], key=lambda row: row[2]):
            print("\t".join(map(str, row)).rstrip("\t"))


main()
