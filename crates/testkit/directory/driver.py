# Leads accounts through their lives with google-api-python-client: DESCRIPTION URL TOKEN.
import json
import sys

from google.oauth2.credentials import Credentials
from googleapiclient import discovery
from googleapiclient.errors import HttpError

description, url, token = sys.argv[1:]
document = json.load(open(description))
document["rootUrl"] = url
users = discovery.build_from_document(document, credentials=Credentials(token)).users()
said = {}


def user(number):
    return {
        "primaryEmail": f"python{number}@gadz.org",
        "name": {"givenName": "Py", "familyName": f"Thon {number}"},
        "password": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
        "hashFunction": "SHA-1",
        "externalIds": [{"type": "organization", "value": f"u{number}"}],
    }


made = [users.insert(body=user(number)).execute() for number in range(5)]
key = made[0]["id"]
said["inserted"] = made[0]["primaryEmail"]
said["got"] = users.get(userKey="PYTHON0@gadz.org", fields="id,name/fullName").execute()
users.aliases().insert(userKey=key, body={"alias": "z+1@gadz.org"}).execute()
users.aliases().insert(userKey=key, body={"alias": "y@gadz.org"}).execute()
users.aliases().delete(userKey=key, alias="z+1@gadz.org").execute()
said["aliases"] = [entry["alias"] for entry in users.aliases().list(userKey=key).execute()["aliases"]]
renamed = users.update(userKey=key, body={"primaryEmail": "renamed@gadz.org", "suspended": True}).execute()
said["renamed"] = [renamed["primaryEmail"], renamed["suspended"], sorted(renamed["aliases"]), renamed["externalIds"]]
said["patched"] = users.patch(userKey=key, body={"suspended": False}).execute()["suspended"]
pages = []
request = users.list(customer="my_customer", maxResults=2, query="email:python*", orderBy="email")
while request is not None:
    answer = request.execute()
    pages.append([entry["primaryEmail"] for entry in answer.get("users", [])])
    request = users.list_next(request, answer)
said["pages"] = pages
users.delete(userKey=made[1]["id"]).execute()
deleted = users.list(customer="my_customer", showDeleted="true").execute()["users"]
said["deleted"] = [entry["primaryEmail"] for entry in deleted if entry["id"] == made[1]["id"]]
users.undelete(userKey=made[1]["id"], body={"orgUnitPath": "/"}).execute()
said["back"] = users.get(userKey=made[1]["id"]).execute()["primaryEmail"]
try:
    users.get(userKey="nobody@gadz.org").execute()
except HttpError as error:
    said["error"] = [error.resp.status, error.error_details[0]["reason"]]
said["key"] = key
print(json.dumps(said))
