// An OpenID Connect provider for tests: any name signs in with any password, on the pages that the package has for
// development. Arguments: port, redirect URI, and as JSON the groups of each name.
import Provider from 'oidc-provider';

const [port, redirectUri, groups] = process.argv.slice(2);
const groupsOf = JSON.parse(groups);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'hub',
    client_secret: 'a secret: with % and +',
    redirect_uris: [redirectUri],
    response_types: ['code'],
    grant_types: ['authorization_code'],
  }],
  pkce: { required: () => true },
  claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: `subject-${id}`, preferred_username: id, groups: groupsOf[id] ?? [] }),
  }),
  cookies: { keys: ['for tests only'] },
});
provider.listen(Number(port), '127.0.0.1');
