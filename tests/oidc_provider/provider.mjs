// The certified OpenID provider on loopback, with people whom the tests know. Whoever types a name is that person.
// Usage: node provider.mjs PORT CERTIFICATE KEY KEY-ID ALGORITHM
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

import Provider from 'oidc-provider';

const [port, certificate, key, kid, alg] = process.argv.slice(2);
const issuer = `https://localhost:${port}`;
const kinds = {
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
};
const signing = { ...kinds[alg]().privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
const people = {
  dev: { email: 'dev@acme.example', email_verified: true, groups: ['sec-auditors', 'staff'] },
  unverified: { email: 'dev@acme.example', email_verified: false },
  second: { email: 'dev@acme.example', email_verified: true },
  stranger: { email: 'stranger@acme.example', email_verified: true },
};

const provider = new Provider(issuer, {
  clients: [{
    client_id: 'clawforge-cli',
    application_type: 'native',
    token_endpoint_auth_method: 'none',
    id_token_signed_response_alg: alg,
    grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    redirect_uris: ['http://127.0.0.1/callback'],
  }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
  scopes: ['openid', 'email', 'profile', 'groups'],
  // Else claims such as the address are at the userinfo endpoint only.
  conformIdTokenClaims: false,
  cookies: { keys: ['only for tests'] },
  features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true } },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  jwks: { keys: [signing] },
  pkce: { required: () => true },
});

const files = { cert: readFileSync(certificate), key: readFileSync(key) };
createServer(files, provider.callback()).listen(Number(port), '127.0.0.1', () => console.log('ready'));
