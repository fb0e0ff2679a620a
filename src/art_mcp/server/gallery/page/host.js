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
  const host = config ? new BrowserHost(config) : new ChatHost(events);
  await host.start();
  return host;
}

class BrowserHost {
  inChat = false;
  context = { displayMode: "fullscreen" };
  can = { call: true, message: false, context: false, image: false, openLink: true, fullscreen: false };

  constructor(config) {
    this.config = config;
    this.can.call = Boolean(config.endpoint);
  }

  start() {
    dress(this.context);
  }

  async call(tool, args = {}) {
    const version = "2026-07-28";
    const meta = { protocolVersion: version, clientInfo: APP, clientCapabilities: {} };
    const _meta = Object.fromEntries(
      Object.entries(meta).map(([name, value]) => [`io.modelcontextprotocol/${name}`, value]),
    );
    const request = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: tool, arguments: args, _meta } };
    let response, text;
    try {
      response = await fetch(this.config.endpoint, {
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

  async open(url) {
    window.open(webAddress(url), "_blank", "noopener,noreferrer");
  }
}

class ChatHost {
  inChat = true;
  config = null;
  context = {};
  can = { call: false, message: false, context: false, image: false, openLink: false, fullscreen: false };
  #events;
  #modalities = {}; // of the model context
  #waiting = new Map(); // the resolvers of open requests, by id
  #sent = 0;
  #heard = false; // whether the host has said anything but answers
  #last = ""; // the last result: a host that is told twice that the page is ready may send it twice
  #height = 0;
  #settling = 0;
  #begin;
  #begun = new Promise((resolve) => { this.#begin = resolve; });

  constructor(events) {
    this.#events = events;
  }

  /** Shake hands. A host that answers with an error, or not at all, is taken for one that can do nothing. */
  async start() {
    window.addEventListener("message", (event) => {
      if (event.source === window.parent && event.data?.jsonrpc === "2.0") this.#receive(event.data);
    });
    window.addEventListener("openai:set_globals", () => this.#fromOpenAI());
    dress(this.context);
    if (window.parent !== window) {
      const initialized = this.#request("ui/initialize", {
        appInfo: APP,
        appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
        protocolVersion: "2026-01-26",
      }, DECIDED_WITHIN).then((answer) => this.#know(answer), () => {}).then(() => this.#ready());
      await Promise.race([initialized, pause(ANSWERED_WITHIN).then(() => this.#heard || this.#ready())]);
      new ResizeObserver(() => this.#resize()).observe(document.documentElement);
    }
    setTimeout(this.#begin);
    pause(ANSWERED_WITHIN).then(() => this.#fromOpenAI());
  }

  async call(tool, args = {}) {
    return this.#request("tools/call", { name: tool, arguments: args }, CALLED_WITHIN);
  }

  async message(text) {
    const content = [{ type: "text", text }];
    const answer = await this.#request("ui/message", { role: "user", content }, DECIDED_WITHIN);
    if (answer.isError) throw new HostError("The chat has not taken the message.");
  }

  /**
   * Give the model something to know, in place of what it was given last.
   * @param content a text or content blocks; pictures go only to a host that takes them
   * @param structuredContent goes only to a host that takes it
   */
  async tell(content, structuredContent) {
    const blocks = typeof content === "string" ? [{ type: "text", text: content }] : content;
    const params = { content: blocks.filter((block) => block.type !== "image" || this.can.image) };
    if (this.#modalities.structuredContent) params.structuredContent = structuredContent;
    await this.#request("ui/update-model-context", params, DECIDED_WITHIN);
  }

  async open(url) {
    const answer = await this.#request("ui/open-link", { url: webAddress(url) }, DECIDED_WITHIN);
    if (answer.isError) throw new HostError("The chat has not opened the link.");
  }

  async fullscreen(on) {
    const asked = { mode: on ? "fullscreen" : "inline" };
    const { mode } = await this.#request("ui/request-display-mode", asked, DECIDED_WITHIN);
    if (mode && mode !== this.context.displayMode) this.#merge({ displayMode: mode });
    return this.context.displayMode;
  }

  #receive({ id, method, params = {}, result, error }) {
    if (method === undefined) {
      this.#waiting.get(id)?.({ result, error });
    } else if (id !== undefined) {
      const known = method === "ui/resource-teardown" || method === "ping";
      this.#post(known ? { id, result: {} } : { id, error: { code: -32601, message: "Method not found" } });
    } else {
      this.#heard = true;
      this.#notice(method, params);
    }
  }

  #notice(method, params) {
    switch (method) {
      case "ui/notifications/tool-input":
        this.#deliver("input", params.arguments ?? {}, this.context.toolInfo?.tool?.name);
        break;
      case "ui/notifications/tool-result":
        this.#result(params);
        break;
      case "ui/notifications/tool-cancelled":
        this.#deliver("cancelled", params.reason ?? "");
        break;
      case "ui/notifications/host-context-changed":
        this.#merge(params);
    }
  }

  #result(result) {
    const text = JSON.stringify(result);
    if (text === this.#last) return;
    this.#last = text;
    this.#deliver("result", result);
  }

  #deliver(event, ...values) {
    this.#begun.then(() => this.#events[event]?.(...values));
  }

  /** ChatGPT has the first call in globals, too; at times only there. */
  #fromOpenAI() {
    const { toolInput, toolOutput, toolResponseMetadata } = window.openai ?? {};
    if (!toolOutput || this.#last) return;
    if (toolInput) this.#deliver("input", toolInput, this.context.toolInfo?.tool?.name);
    this.#result({ content: [], structuredContent: toolOutput, _meta: toolResponseMetadata ?? {} });
  }

  #know({ hostCapabilities = {}, hostContext = {} }) {
    const { serverTools, message, updateModelContext, openLinks } = hostCapabilities;
    this.#modalities = updateModelContext ?? {};
    Object.assign(this.can, {
      call: Boolean(serverTools),
      message: Boolean(message),
      context: Boolean(updateModelContext), // VS Code takes text without saying so
      image: Boolean(this.#modalities.image),
      openLink: Boolean(openLinks),
    });
    this.#merge(hostContext);
  }

  #merge(changed) {
    Object.assign(this.context, changed);
    this.can.fullscreen = Boolean(this.context.availableDisplayModes?.includes("fullscreen"));
    dress(this.context);
    this.#resize();
    this.#deliver("context", this.context);
  }

  #ready() {
    this.#notify("ui/notifications/initialized", {});
    this.#height = 0;
    this.#tellHeight();
  }

  #resize() {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#tellHeight(), SETTLED_AFTER);
  }

  #tellHeight() {
    const height = Math.max(1, Math.ceil(document.documentElement.getBoundingClientRect().height));
    if (height === this.#height || this.context.displayMode === "fullscreen") return;
    this.#height = height;
    this.#notify("ui/notifications/size-changed", { height });
  }

  #request(method, params, seconds) {
    const id = ++this.#sent;
    const answered = new Promise((resolve) => this.#waiting.set(id, resolve));
    this.#post({ id, method, params });
    return Promise.race([answered, pause(1000 * seconds)]).then((answer) => {
      this.#waiting.delete(id);
      if (!answer) throw new HostError(tooLate("The chat", seconds));
      if (answer.result) return answer.result;
      throw new HostError(`The chat could not do this: ${said(answer.error) || "it gave no reason."}`);
    });
  }

  #notify(method, params) {
    this.#post({ method, params });
  }

  #post(message) {
    window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*"); // whose origin is not known
  }
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
