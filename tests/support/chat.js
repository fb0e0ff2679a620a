// A chat: the official client of MCP, the official host side of MCP Apps, and a frame.
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { AppBridge, PostMessageTransport, buildAllowAttribute } from "@modelcontextprotocol/ext-apps/app-bridge";

window.heard = { ready: 0, sizes: [], messages: [], contexts: [], links: [], modes: [], down: false };

// Show what the tool answers, as a host does for a call of its model.
window.ask = async ({ tool, args, capabilities, context, cancelled, refuses, size }) => {
  const client = new Client({ name: "chat", version: "1" });
  await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", location.href)));
  const { tools } = await client.listTools();
  const shown = tools.find((each) => each.name === tool);
  const { contents: [page] } = await client.readResource({ uri: shown._meta.ui.resourceUri });

  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.allow = buildAllowAttribute(page._meta?.ui?.permissions);
  frame.title = "art-mcp";
  frame.style.cssText = `border: 0; display: block; width: ${size.width}px; height: ${size.height}px`;
  document.body.replaceChildren(frame);

  const bridge = new AppBridge(client, { name: "chat", version: "1" }, capabilities, {
    hostContext: { toolInfo: { id: 1, tool: shown }, ...context },
  });
  window.bridge = bridge;
  const ready = new Promise((resolve) => {
    bridge.oninitialized = () => { heard.ready++; resolve(); };
  });
  bridge.onsizechange = ({ height }) => {
    heard.sizes.push(height);
    if (!context.containerDimensions.height) frame.style.height = `${height}px`;
  };
  const take = (list) => async (params) => {
    if (refuses) return { isError: true };
    heard[list].push(params);
    return {};
  };
  bridge.onmessage = take("messages");
  bridge.onupdatemodelcontext = take("contexts");
  bridge.onopenlink = take("links");
  bridge.onrequestdisplaymode = async ({ mode }) => {
    heard.modes.push(mode);
    return { mode };
  };
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow));
  frame.src = "/frame";
  await ready;
  await bridge.sendToolInput({ arguments: args });
  if (cancelled) return bridge.sendToolCancelled({ reason: cancelled });
  const result = await client.callTool({ name: tool, arguments: args });
  performance.mark("result");
  await bridge.sendToolResult(result);
};

window.end = async () => { await bridge.teardownResource({}); heard.down = true; };
