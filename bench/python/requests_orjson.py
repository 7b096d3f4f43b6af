"""The best Python that is known: requests, orjson, the garbage collector off."""
import gc
import json
import resource
import sys
import time

begun = time.perf_counter()
gc.disable()
import base64
import tempfile

import orjson
import requests
import yaml

kubeconfig = yaml.safe_load(open(sys.argv[1]))
cluster = kubeconfig["clusters"][0]["cluster"]
authority = tempfile.NamedTemporaryFile()
authority.write(base64.b64decode(cluster["certificate-authority-data"]))
authority.flush()
session = requests.Session()
session.trust_env = False
session.verify = authority.name
session.headers["Authorization"] = "Bearer " + kubeconfig["users"][0]["user"]["token"]
pods = found = 0
parameters = {"limit": 500}
while True:
    page = orjson.loads(session.get(cluster["server"] + "/api/v1/pods", params=parameters).content)
    for pod in page["items"]:
        pods += 1
        for container in pod["spec"]["containers"]:
            found += container.get("securityContext", {}).get("allowPrivilegeEscalation") is not False
    parameters["continue"] = page["metadata"].get("continue")
    if not parameters["continue"]:
        break
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "pods": pods, "wall": time.perf_counter() - begun, "cpu": used.ru_utime + used.ru_stime, "peak_memory": used.ru_maxrss * 1024,
}))
