import http.client
import os
import sys

key = os.environ.get("PROBE_KEY", "")
name = os.environ.get("TRUSTED_HOSTS", "").split(",")[0].strip().lstrip(".") or "localhost"
port = int(os.environ.get("WEB_PORT") or 8000)
connection = http.client.HTTPConnection("127.0.0.1", port, timeout=6)
headers = {"Host": name, "X-API-Key": key} if key else {"Host": name}
connection.request("GET", "/ready", headers=headers)
status = connection.getresponse().status
# Without a key 401 says that the process serves, and nothing of S3 and SQS.
sys.exit(status != 200 and (bool(key) or status != 401))
