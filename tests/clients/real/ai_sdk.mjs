// Makes calls with the Vercel AI SDK as its own agents do, and prints what it got as JSON; arguments as for call.mjs.

import { createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport } from "@ai-sdk/mcp/mcp-stdio";

const { server, calls } = JSON.parse(process.argv[2]);
const client = await createMCPClient({
  transport: server.url ? { type: "http", url: server.url } : new Experimental_StdioMCPTransport(server),
});
const tools = await client.tools();
const answers = [];
for (const [name, args] of calls) {
  answers.push(await tools[name].execute(args, { toolCallId: "1", messages: [] }));
}
await client.close();
console.log(JSON.stringify({ tools: Object.keys(tools), answers }));
