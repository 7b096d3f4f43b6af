"""What the older sample does, paged: the kubernetes client, every pod, every container looked at."""
import json
import resource
import sys
import time

begun = time.perf_counter()
from kubernetes import client, config

config.load_kube_config(sys.argv[1])
api = client.CoreV1Api()
pods = found = 0
token = None
while True:
    page = api.list_pod_for_all_namespaces(limit=500, _continue=token)
    for pod in page.items:
        pods += 1
        for container in pod.spec.containers:
            context = container.security_context
            found += context is None or context.allow_privilege_escalation is not False
    token = page.metadata._continue
    if not token:
        break
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({
    "pods": pods, "wall": time.perf_counter() - begun, "cpu": used.ru_utime + used.ru_stime, "peak_memory": used.ru_maxrss * 1024,
}))
