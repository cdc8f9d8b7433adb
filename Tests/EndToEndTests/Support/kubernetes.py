"""Holds the manifests and the Helm chart in `config` to Kubernetes' published schemas, and their configurations to the program's.

usage: kubernetes.py ENTREPOT CONFIG-FOLDER WORK-FOLDER

Every manifest, and everything that Helm itself renders of the chart with its default values and with each file in its `ci`
folder, must be valid and hang together: selectors meet their pods, mounts have their volumes, probes and services their ports,
and each container's configuration, put together as the pod would see it, is taken by `entrepot config check`. Prints what is
wrong, a line each, and a count.
"""

import os
import pathlib
import re
import subprocess
import sys

import helm_python
import kubernetes_validate
import yaml

ENTREPOT, CONFIG, WORK = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
VERSIONS = ["1.27", "1.37"]
problems = []
checked = configurations = 0


def problem(source, resource, text):
    problems.append(f"{source}: {resource.get('kind')} {resource.get('metadata', {}).get('name')}: {text}")


def pod_of(resource):
    return resource.get("spec", {}).get("template") if resource["kind"] in ("Deployment", "StatefulSet", "DaemonSet") else None


def matches(selector, labels):
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def check_pod(source, resource, documents):
    template = pod_of(resource)
    labels, spec = template["metadata"]["labels"], template["spec"]
    if not matches(resource["spec"]["selector"]["matchLabels"], labels):
        problem(source, resource, "its selector does not meet its pods")
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    for claim in resource["spec"].get("volumeClaimTemplates", []):
        volumes[claim["metadata"]["name"]] = claim
    used = set()
    for container in spec.get("initContainers", []) + spec["containers"]:
        ports = {port.get("name") for port in container.get("ports", [])}
        user = container.get("securityContext", {}).get("runAsUser", spec["securityContext"].get("runAsUser", 65532))
        for mount in container.get("volumeMounts", []):
            used.add(mount["name"])
            if mount["name"] not in volumes:
                problem(source, resource, f"there is no volume {mount['name']}")
            # What a Secret shows is root's and the group's of the pod.
            mode = volumes.get(mount["name"], {}).get("secret", {}).get("defaultMode", 0o644)
            if user and not mode & 0o004 and not spec["securityContext"].get("fsGroup"):
                problem(source, resource, f"{mount['name']} may be read by root alone")
        for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
            for how in ("httpGet", "tcpSocket"):
                port = container.get(kind, {}).get(how, {}).get("port")
                if isinstance(port, str) and port not in ports:
                    problem(source, resource, f"{kind} asks a port {port} that there is not")
    for name in set(volumes) - used:
        problem(source, resource, f"nobody mounts {name}")
    for name, volume in volumes.items():
        for part in [volume, *volume.get("projected", {}).get("sources", [])]:
            wanted = part.get("configMap", {}).get("name")
            if wanted and not any(d["kind"] == "ConfigMap" and d["metadata"]["name"] == wanted for d in documents):
                problem(source, resource, f"there is no ConfigMap {wanted}")


def files_of(volume, documents):
    """Name and text of what a volume shows; None for a text that only the cluster knows."""
    found = {}
    for part in [volume, *volume.get("projected", {}).get("sources", [])]:
        for document in documents:
            wanted = part.get("configMap", {}).get("name")
            if document["kind"] == "ConfigMap" and document["metadata"]["name"] == wanted:
                found.update(document["data"])
    return found


def check_configuration(source, resource, documents):
    """The configuration of each container that runs the server, in a folder that looks as in the pod."""
    global configurations
    spec = pod_of(resource)["spec"]
    volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
    for container in spec["containers"]:
        if "entrepot" not in container["image"]:
            continue
        root = WORK / re.sub(r"\W+", "-", f"{source}-{resource['metadata']['name']}")
        image = {
            "/usr/share/entrepot/container.toml": (CONFIG / "container.toml").read_text(),
            "/etc/entrepot/entrepot.toml": (CONFIG / "example.toml").read_text(),
        }
        mounts = sorted(container.get("volumeMounts", []), key=lambda mount: mount["mountPath"])
        for mount in mounts:
            for path in [path for path in image if path.startswith(mount["mountPath"] + "/")]:
                del image[path]
            for name, text in files_of(volumes.get(mount["name"], {}), documents).items():
                image[f"{mount['mountPath']}/{name}"] = text
        words = container.get("command", ["entrepot"]) + container.get("args", [])
        names = [after for word, after in zip(words, words[1:]) if word in ("-c", "--config")]
        if not names:
            names = ["/usr/share/entrepot/container.toml", "/etc/entrepot/entrepot.toml"]
        for name in names:
            if name not in image:
                problem(source, resource, f"{name} is in no volume")
                return
        arguments = []
        for name in names:
            text = re.sub(r'(?<==)(\s*)"(/(?:etc|var|usr)/)', lambda match: f'{match[1]}"{root}{match[2]}', image[name])
            target = pathlib.Path(f"{root}{name}")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
            arguments += ["-c", str(target)]
            # What a Secret has.
            for secret in re.findall(r'(?m)^\w+_file\s*=\s*"([^"]+)"', text):
                inside = secret.removeprefix(str(root))
                if not any(inside.startswith(mount["mountPath"] + "/") for mount in mounts):
                    problem(source, resource, f"{inside} is in no volume")
                pathlib.Path(secret).parent.mkdir(parents=True, exist_ok=True)
                pathlib.Path(secret).write_text("5a" * 32 + "\n")
        for mount in mounts:
            pathlib.Path(f"{root}{mount['mountPath']}").mkdir(parents=True, exist_ok=True)
        environment = dict(os.environ, XDG_DATA_HOME=f"{root}/var/lib")
        result = subprocess.run(
            [ENTREPOT, *arguments, "config", "check"], capture_output=True, text=True, env=environment)
        configurations += 1
        if result.returncode != 0:
            problem(source, resource, result.stderr.replace(str(root), "").strip())


def check(source, text):
    global checked
    documents = [document for document in yaml.safe_load_all(text) if document]
    for document in documents:
        checked += 1
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except (kubernetes_validate.ValidationError, kubernetes_validate.InvalidSchemaError) as error:
                problem(source, document, f"not valid for {version}: {error}")
    for document in documents:
        if pod_of(document):
            check_pod(source, document, documents)
            check_configuration(source, document, documents)
        if document["kind"] in ("Service", "PodDisruptionBudget", "NetworkPolicy"):
            spec = document["spec"]
            selector = spec.get("podSelector", spec.get("selector", {}))
            selector = selector.get("matchLabels", selector)
            pods = [pod_of(other) for other in documents if pod_of(other)]
            pods = [pod for pod in pods if matches(selector, pod["metadata"]["labels"])]
            if not pods:
                problem(source, document, "it selects no pods")
            ports = {port.get("name") for pod in pods for c in pod["spec"]["containers"] for port in c.get("ports", [])}
            for port in spec.get("ports", []):
                if isinstance(port.get("targetPort"), str) and port["targetPort"] not in ports:
                    problem(source, document, f"its pods have no port {port['targetPort']}")


for manifest in sorted((CONFIG / "kubernetes").glob("*.yaml")):
    check(manifest.name, manifest.read_text())

chart_folder = CONFIG / "helm" / "entrepot"
lint = helm_python.lint(str(chart_folder), strict=True)
for message in lint["messages"]:
    # 2 is a warning, 3 an error.
    if message["severity"] >= 2:
        problems.append(f"helm lint: {message['path']}: {message['error']}")
with helm_python.Chart.load(str(chart_folder)) as chart:
    for file in [None, *sorted((chart_folder / "ci").glob("*.yaml"))]:
        values = yaml.safe_load(file.read_text()) if file else {}
        chart.validate_schema(values)
        rendered = chart.render(values, name="hub", namespace="images")
        manifests = [text for name, text in sorted(rendered.items()) if name.endswith(".yaml")]
        check(f"chart with {file.name if file else 'its defaults'}", "\n---\n".join(manifests))
        notes = next(text for name, text in rendered.items() if name.endswith("NOTES.txt"))
        if "<no value>" in notes + "".join(manifests):
            problems.append(f"{file}: a value that there is not is used")
    for wrong, values in {
        "a mode that there is not": {"mode": "cluster"},
        "a value that there is not": {"replica": 3},
        "replicas without a secret": {"mode": "replicas"},
        "replicas with more than their volume holds": {
            "mode": "replicas", "existingSecret": "entrepot", "replicas": {"hotSize": "61GiB"}},
    }.items():
        try:
            chart.validate_schema(values)
            chart.render(values, name="hub", namespace="images")
            problems.append(f"chart: {wrong} is taken")
        except helm_python.HelmError:
            pass

for text in problems:
    print(text)
print(f"{checked} resources and {configurations} configurations, {len(problems)} problems")
sys.exit(1 if problems else 0)
