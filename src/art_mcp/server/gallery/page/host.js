// What is around the page: a chat that shows it (MCP Apps, by messages to the parent window), or a browser (HTTP).

const APP = { name: "art-mcp-gallery", version: "1" };
const ANSWERED_WITHIN = 1500; // ms; a host that does not answer the handshake by then is told that the page is ready
const CALLED_WITHIN = 60; // s; of a tool
const DECIDED_WITHIN = 300; // s; the host may ask the user first
const SETTLED_AFTER = 100; // ms without another change of height

/** An error whose message is a sentence for the user. */
export class HostError extends Error {}

/**
 * Connect to what is around the page. Events are delivered after this has resolved.
 * @param {{input?, result?, cancelled?, context?}} events `input(arguments, toolName?)`, `result(callToolResult)`,
 *   `cancelled(reason)`, `context(hostContext)`
 */
export async function connect(events) {
  const config = JSON.parse(document.getElementById("config").textContent);
  const host = config ? browserHost(config) : chatHost(events);
  await host.start();
  return host;
}

function browserHost(config) {
  const context = { displayMode: "fullscreen" };

  async function call(tool, args = {}) {
    const version = "2026-07-28";
    const meta = { protocolVersion: version, clientInfo: APP, clientCapabilities: {} };
    const _meta = Object.fromEntries(
      Object.entries(meta).map(([name, value]) => [`io.modelcontextprotocol/${name}`, value]),
    );
    const request = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool, arguments: args, _meta } };
    let response, text;
    try {
      response = await fetch(config.endpoint, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          Accept: "application/json, text/event-stream",
          "MCP-Protocol-Version": version,
          "Mcp-Method": request.method,
          "Mcp-Name": tool,
        },
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(1000 * CALLED_WITHIN),
      });
      text = await response.text();
    } catch (error) {
      if (error.name === "TimeoutError") throw new HostError(tooLate("art-mcp", CALLED_WITHIN));
      throw new HostError("art-mcp cannot be reached. Check that it still runs, then try again.");
    }
    const answer = answerIn(text);
    if (answer?.result) return answer.result;
    if (response.status === 404) {
      throw new HostError("This page is out of date: art-mcp has been restarted. Open it at its new address.");
    }
    throw new HostError(`art-mcp could not do this: ${said(answer?.error) || `HTTP status ${response.status}.`}`);
  }

  return {
    inChat: false,
    config,
    context,
    can: { call: Boolean(config.endpoint), openLink: true },
    start: () => dress(context),
    call,
    open: async (url) => { window.open(webAddress(url), "_blank", "noopener,noreferrer"); },
  };
}

function chatHost(events) {
  const context = {}, can = {};
  const waiting = new Map(); // the resolvers of open requests, by id
  let structured; // whether the model context takes data
  let sent = 0;
  let heard = false; // whether the host has said anything but answers
  let last = ""; // the last result: a host that is told twice that the page is ready may send it twice
  let told = 0; // the height, in pixels
  let settling = 0;
  let begin;
  const begun = new Promise((resolve) => { begin = resolve; });

  /** Shake hands. A host that answers with an error, or not at all, is taken for one that can do nothing. */
  async function start() {
    window.addEventListener("message", (event) => {
      if (event.source === window.parent && event.data?.jsonrpc === "2.0") receive(event.data);
    });
    window.addEventListener("openai:set_globals", fromOpenAI);
    dress(context);
    if (window.parent !== window) {
      const initialized = request("ui/initialize", {
        appInfo: APP,
        appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
        protocolVersion: "2026-01-26",
      }, DECIDED_WITHIN).then(know, () => {}).then(ready);
      await Promise.race([initialized, pause(ANSWERED_WITHIN).then(() => heard || ready())]);
      new ResizeObserver(resize).observe(document.documentElement);
    }
    setTimeout(begin);
    pause(ANSWERED_WITHIN).then(fromOpenAI);
  }

  async function call(tool, args = {}) {
    return request("tools/call", { name: tool, arguments: args }, CALLED_WITHIN);
  }

  async function message(text) {
    const content = [{ type: "text", text }];
    const answer = await request("ui/message", { role: "user", content }, DECIDED_WITHIN);
    if (answer.isError) throw new HostError("The chat did not accept the message.");
  }

  /**
   * Give the model something to know, in place of what it was given last.
   * @param text
   * @param structuredContent goes only to a host that takes it
   */
  async function tell(text, structuredContent) {
    const params = { content: [{ type: "text", text }] };
    if (structured) params.structuredContent = structuredContent;
    await request("ui/update-model-context", params, DECIDED_WITHIN);
  }

  async function open(url) {
    const answer = await request("ui/open-link", { url: webAddress(url) }, DECIDED_WITHIN);
    if (answer.isError) throw new HostError("The chat did not open the link.");
  }

  async function fullscreen(on) {
    const asked = { mode: on ? "fullscreen" : "inline" };
    const { mode } = await request("ui/request-display-mode", asked, DECIDED_WITHIN);
    if (mode && mode !== context.displayMode) merge({ displayMode: mode });
    return context.displayMode;
  }

  /** What outlives a reload of the page: in ChatGPT, the state of its widget. */
  function keep(state) {
    window.openai?.setWidgetState?.(state);
  }

  function receive({ id, method, params = {}, result, error }) {
    if (method === undefined) {
      waiting.get(id)?.({ result, error });
    } else if (id !== undefined) {
      const known = method === "ui/resource-teardown" || method === "ping";
      post(known ? { id, result: {} } : { id, error: { code: -32601, message: "Method not found" } });
    } else {
      heard = true;
      notice(method, params);
    }
  }

  function notice(method, params) {
    switch (method) {
      case "ui/notifications/tool-input":
        deliver("input", params.arguments ?? {}, context.toolInfo?.tool?.name);
        break;
      case "ui/notifications/tool-result":
        result(params);
        break;
      case "ui/notifications/tool-cancelled":
        deliver("cancelled", params.reason ?? "");
        break;
      case "ui/notifications/host-context-changed":
        merge(params);
    }
  }

  function result(result) {
    const text = JSON.stringify(result);
    if (text === last) return;
    last = text;
    deliver("result", result);
  }

  function deliver(event, ...values) {
    begun.then(() => events[event]?.(...values));
  }

  /** ChatGPT has the first call in globals, too; at times only there. */
  function fromOpenAI() {
    const { toolInput, toolOutput, toolResponseMetadata } = window.openai ?? {};
    if (!toolOutput || last) return;
    if (toolInput) deliver("input", toolInput, context.toolInfo?.tool?.name);
    result({ content: [], structuredContent: toolOutput, _meta: toolResponseMetadata ?? {} });
  }

  function know({ hostCapabilities = {}, hostContext = {} }) {
    const { serverTools, message, updateModelContext, openLinks } = hostCapabilities;
    structured = updateModelContext?.structuredContent;
    Object.assign(can, {
      call: Boolean(serverTools),
      message: Boolean(message),
      context: Boolean(updateModelContext), // VS Code takes text without saying so
      openLink: Boolean(openLinks),
    });
    merge(hostContext);
  }

  function merge(changed) {
    Object.assign(context, changed);
    can.fullscreen = Boolean(context.availableDisplayModes?.includes("fullscreen"));
    dress(context);
    resize();
    deliver("context", context);
  }

  function ready() {
    notify("ui/notifications/initialized", {});
    told = 0;
    tellHeight();
  }

  function resize() {
    clearTimeout(settling);
    settling = setTimeout(tellHeight, SETTLED_AFTER);
  }

  function tellHeight() {
    const height = Math.max(1, Math.ceil(document.documentElement.getBoundingClientRect().height));
    if (height === told || context.displayMode === "fullscreen") return;
    told = height;
    notify("ui/notifications/size-changed", { height });
  }

  function request(method, params, seconds) {
    const id = ++sent;
    const answered = new Promise((resolve) => waiting.set(id, resolve));
    post({ id, method, params });
    return Promise.race([answered, pause(1000 * seconds)]).then((answer) => {
      waiting.delete(id);
      if (!answer) throw new HostError(tooLate("The chat", seconds));
      if (answer.result) return answer.result;
      throw new HostError(`The chat could not do this: ${said(answer.error) || "it gave no reason."}`);
    });
  }

  function notify(method, params) {
    post({ method, params });
  }

  function post(message) {
    window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*"); // whose origin is not known
  }

  return {
    inChat: true, config: null, context, can, kept: window.openai?.widgetState,
    start, call, message, tell, open, fullscreen, keep,
  };
}

/** Put the host's theme, colours, fonts, safe areas and modes on the root element, for the style sheets. */
function dress({ theme, styles, displayMode, safeAreaInsets, containerDimensions }) {
  const { dataset, style } = document.documentElement;
  if (theme === "light" || theme === "dark") {
    dataset.theme = theme;
    style.colorScheme = theme; // its colours may be light-dark(…)
  }
  dataset.display = displayMode ?? "inline";
  for (const [name, value] of Object.entries(styles?.variables ?? {})) {
    if (name.startsWith("--") && value) style.setProperty(name, value);
  }
  for (const [side, pixels] of Object.entries(safeAreaInsets ?? {})) style.setProperty(`--safe-${side}`, `${pixels}px`);
  dataset.height = containerDimensions?.height ? "fixed" : "free";
  if (styles?.css?.fonts && !document.getElementById("host-fonts")) {
    const fonts = document.createElement("style");
    fonts.id = "host-fonts";
    fonts.textContent = styles.css.fonts;
    document.head.append(fonts);
  }
}

/** The answer in a response, which is JSON or a stream of events, each on a line. */
function answerIn(text) {
  for (const line of text.split("\n")) {
    try {
      const read = JSON.parse(line.replace(/^data:/, ""));
      if (read.result || read.error) return read;
    } catch {
      // another line of an event, or a page of a proxy
    }
  }
  return null;
}

function webAddress(url) {
  if (!/^https?:\/\//i.test(url)) throw new HostError("This link is not a web address.");
  return url;
}

function said(error) {
  return String(error?.message ?? "").slice(0, 300);
}

function tooLate(who, seconds) {
  return `${who} has not answered within ${seconds} seconds. Try again.`;
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
