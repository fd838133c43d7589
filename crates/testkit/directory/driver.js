// Leads accounts through their lives with @googleapis/admin: URL TOKEN.
'use strict';
const { admin } = require('@googleapis/admin');

const [rootUrl, token] = process.argv.slice(2);
const { users } = admin({ version: 'directory_v1', rootUrl, headers: { Authorization: `Bearer ${token}` } });

const user = (number) => ({
  primaryEmail: `node${number}@gadz.org`,
  name: { givenName: 'No', familyName: `De ${number}` },
  password: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  hashFunction: 'SHA-1',
  externalIds: [{ type: 'organization', value: `u${number}` }],
});

async function main() {
  const said = {};
  const made = [];
  for (let number = 0; number < 5; number += 1) {
    made.push((await users.insert({ requestBody: user(number) })).data);
  }
  const userKey = made[0].id;
  said.inserted = made[0].primaryEmail;
  said.got = (await users.get({ userKey: 'NODE0@gadz.org', fields: 'id,name/fullName' })).data;
  await users.aliases.insert({ userKey, requestBody: { alias: 'z+1@gadz.org' } });
  await users.aliases.insert({ userKey, requestBody: { alias: 'y@gadz.org' } });
  await users.aliases.delete({ userKey, alias: 'z+1@gadz.org' });
  said.aliases = (await users.aliases.list({ userKey })).data.aliases.map((entry) => entry.alias);
  const change = { primaryEmail: 'renamed@gadz.org', suspended: true };
  const renamed = (await users.update({ userKey, requestBody: change })).data;
  said.renamed = [renamed.primaryEmail, renamed.suspended, renamed.aliases.sort(), renamed.externalIds];
  said.patched = (await users.patch({ userKey, requestBody: { suspended: false } })).data.suspended;
  said.pages = [];
  let pageToken;
  do {
    const wanted = { customer: 'my_customer', maxResults: 2, query: 'email:node*', orderBy: 'email', pageToken };
    const page = (await users.list(wanted)).data;
    said.pages.push((page.users || []).map((entry) => entry.primaryEmail));
    pageToken = page.nextPageToken;
  } while (pageToken);
  await users.delete({ userKey: made[1].id });
  const deleted = (await users.list({ customer: 'my_customer', showDeleted: 'true' })).data.users;
  said.deleted = deleted.filter((entry) => entry.id === made[1].id).map((entry) => entry.primaryEmail);
  await users.undelete({ userKey: made[1].id, requestBody: { orgUnitPath: '/' } });
  said.back = (await users.get({ userKey: made[1].id })).data.primaryEmail;
  try {
    await users.get({ userKey: 'nobody@gadz.org' });
  } catch (error) {
    said.error = [error.status, error.response.data.error.errors[0].reason];
  }
  said.key = userKey;
  console.log(JSON.stringify(said));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
