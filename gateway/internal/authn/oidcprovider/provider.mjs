// A real OpenID Connect provider on loopback, for the tests of authn. It signs in whoever asks, publishes its keys, and makes a new
// signing key when it is told to (POST /rotate), as a provider does when it rotates.
import { createServer } from 'node:http';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import Provider from 'oidc-provider';

const audience = 'mashgate';

function newKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kid: `DEMO-${randomUUID()}`, alg: 'ES256', use: 'sig' };
}

function newProvider(issuer, keys) {
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'console', application_type: 'native', redirect_uris: ['http://127.0.0.1/signed-in'],
      token_endpoint_auth_method: 'none', grant_types: ['authorization_code'], response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
    }],
    cookies: { keys: [randomUUID()] },
    jwks: { keys },
    scopes: ['openid', 'mash'],
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => 'urn:mashgate',
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'mash', audience, accessTokenFormat: 'jwt', accessTokenTTL: 3600, jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  });
  return provider.callback();
}

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  let keys = [newKey()];
  let serve = newProvider(issuer, keys);
  server.on('request', (req, res) => {
    if (req.method === 'POST' && req.url === '/rotate') {
      keys = [newKey(), ...keys];
      serve = newProvider(issuer, keys);
      res.end();
      return;
    }
    serve(req, res);
  });
  console.log(issuer);
});
