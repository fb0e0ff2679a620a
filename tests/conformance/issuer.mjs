// An OpenID Connect issuer, certified and written elsewhere: everybody may log in, and access tokens are JSON Web Tokens for
// the resource that the client names (RFC 8707, RFC 9068). It knows one client, with a redirect URI that it is given;
// others register themselves. Prints its address.
import { createServer } from "node:http";
import { Provider } from "oidc-provider";

const server = createServer();
server.listen(0, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const scope = "art:read art:ingest";
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: "known",
        application_type: "native",
        redirect_uris: [process.argv[2]],
        token_endpoint_auth_method: "none",
      },
    ],
    features: {
      devInteractions: { enabled: true },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, audience) => ({
          scope,
          audience,
          accessTokenFormat: "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
        useGrantedResource: () => true,
      },
    },
    scopes: ["openid", "offline_access", ...scope.split(" ")],
    ttl: { AccessToken: 600 },
  });
  server.on("request", provider.callback());
  console.log(issuer);
});
