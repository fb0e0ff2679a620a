// Makes calls with a JavaScript SDK, and prints what it got as JSON.
//
// The first argument is the package of the SDK, the second is JSON: the server (`command`, `args` and `env`, or `url`),
// and the `calls`, each a tool and its arguments.

const [sdk, said] = process.argv.slice(2);
const { server, calls } = JSON.parse(said);
const info = { name: "call", version: "1" };

let client, transport;
if (sdk === "@modelcontextprotocol/client") {
  const { Client, StreamableHTTPClientTransport } = await import(sdk);
  const { StdioClientTransport } = await import(`${sdk}/stdio`);
  client = new Client(info);
  transport = server.url
    ? new StreamableHTTPClientTransport(new URL(server.url))
    : new StdioClientTransport(server);
} else {
  const { Client } = await import(`${sdk}/client/index.js`);
  client = new Client(info, { capabilities: {} });
  if (server.url) {
    const { StreamableHTTPClientTransport } = await import(`${sdk}/client/streamableHttp.js`);
    transport = new StreamableHTTPClientTransport(new URL(server.url));
  } else {
    const { StdioClientTransport } = await import(`${sdk}/client/stdio.js`);
    transport = new StdioClientTransport(server);
  }
}

await client.connect(transport);
const { tools } = await client.listTools();
const answers = [];
for (const [name, args] of calls) answers.push(await client.callTool({ name, arguments: args }));
await client.close();
console.log(JSON.stringify({ tools: tools.map((tool) => tool.name), answers }));
