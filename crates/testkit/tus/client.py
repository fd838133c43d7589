# Sends a file as tuspy does, in parts, and goes on after whatever broke one off.
import sys

from tusclient import client

endpoint, path, name = sys.argv[1:]
uploader = client.TusClient(endpoint).uploader(
    path, chunk_size=1 << 20, metadata={"filename": name}, retries=200, retry_delay=0.1
)
uploader.upload()
print(uploader.url)
