// The gallery: what is searched for, what was found, and what is open.
import { at, el, fill } from "./dom.js";
import { connect, HostError } from "./host.js";
import { newQuery, readQuery, searchCall, inWords, BY_PICTURE } from "./query.js";
import { storedPictures, blobOf, draw, smaller, wholeOf } from "./pictures.js";
import { hang, takeDown, tick, drawSheet } from "./results.js";
import { searchForm } from "./form.js";
import { filterControls } from "./filters.js";
import { choice } from "./chosen.js";
import { takePictures } from "./drop.js";
import { uploadForChat } from "./upload.js";
import { openPainting } from "./painting.js";
import { keptOf, visits } from "./places.js";

const NONE_YET = "There are no paintings yet. “art-mcp ingest FOLDER” loads yours; “art-mcp demo” shows a sample.";

let asked = {};  // the arguments of the call by the chat
let place = { query: newQuery(), pages: [], painting: null };
let wanted = null;  // what the controls show: place.query unless a search runs, or has failed
let turn = 0;  // of the latest search; an answer to an earlier one comes too late
let opened = null;  // the view of place.painting

const host = await connect({
  input(args) {
    asked = args;
    ask(readQuery(args));
    settle(`Searching: ${inWords(wanted)}`);
  },
  result: begin,
  cancelled: (reason) => fail(`The search was cancelled${reason && `: ${reason}`}.`),
});
let kept = host.kept;  // what the chat has kept of this page over a reload
const limit = host.inChat ? 12 : 30;  // hits of a page
const pictures = storedPictures(host);
const wall = at("wall");
const been = visits(host.inChat, go);
const chosen = choice(at("chosen"), {
  host, say,
  moreLikeAll: (hits) => start({ painting_ids: hits.map((hit) => hit.id) }, `${hits.length} chosen paintings`),
  changed: () => tick(wall, chosen.isChosen),
});
const actions = { pictures, ...chosen, moreLike: ({ id, title }) => start({ painting_id: id }, title) };
let form, controls, upload;

const forChat = host.config?.upload || host.config?.gone;
const refuse = (problem) => (upload?.waits() ? upload.refuse : fail)(problem);
const pick = (host.can.call || host.config?.upload) && takePictures(take, refuse);
if (host.can.call) {
  form = searchForm(at("search"), { search, pick });
  controls = filterControls(at("controls"), at("facets"), {
    search, facets: async (filters) => (await call("describe_collection", filters))?.structuredContent,
  });
  actions.open = (hit) => visit({ ...place, painting: { hit, id: hit.id } });
  at("more").onclick = more;
  if (host.can.fullscreen) {
    const widen = () => host.fullscreen(true).catch(failed);
    at("controls").append(el("button", { class: "full", onclick: widen }, "Full screen"));
  }
  ask(place.query);
}
if (forChat) {
  at("browse").hidden = true;
  upload = uploadForChat(at("upload"), host.config, {
    pick, arrived(handle, picture) {
      at("browse").hidden = false;
      start({ image: picture?.data ?? handle }, "your picture");
    },
  });
} else if (host.can.call && !host.inChat) {
  run(history.state?.query ?? newQuery({ sort: "random", limit }), { ...place, ...history.state });
}

// Shows the result of the chat's call. This has to do where the page can call no tool.
function begin(result) {
  const found = (!result.isError && result.structuredContent) || {};
  const { tool, arguments: args } = hints(result).asked ?? {}, before = kept;
  kept = null;
  if (found.results) {
    const query = readQuery({ ...asked, ...args });
    const [, image] = /image=(upload:[\w-]+)/.exec(found.note) ?? [];
    if (tool === BY_PICTURE) query.like ??= { given: image ? { image } : {}, name: "the picture in the chat" };
    visit({ query, pages: [pageOf(result)], painting: null });
    if (!host.can.call) drawSheet(wall, result.content ?? []);
  } else if (found.id) {
    visit({ ...place, painting: { id: found.id, result } });
  } else {
    fail(textOf(result));
  }
  if (before?.query && host.can.call && JSON.stringify(before) !== JSON.stringify(keptOf(place))) restore(before);
}

async function restore({ query, painting }) {
  await run(query);
  if (painting && place.query === query) visit({ ...place, painting });
}

const hints = (result) => result?._meta?.["art-mcp/gallery"] ?? {};

// {results, total, next_cursor, note, tiles}
const pageOf = (result) => ({ ...result.structuredContent, tiles: hints(result).tiles ?? {} });

const hits = () => place.pages.flatMap((page) => page.results);

// Searches for something else in part.
function search(parts) { return run({ ...wanted, ...parts, limit }); }

// Searches by a picture or by paintings.
async function start(given, name) {
  await run(newQuery({ like: { given, name }, limit }));
  at("summary").focus();  // what was focused is gone, or far from the hits
}

// Searches, and shows the hits: at a new place, or at one whose hits are gone.
async function run(query, left) {
  const mine = ++turn;
  ask(query);
  settle(`Searching: ${inWords(query)}`);
  at("gallery").ariaBusy = "true";
  const result = await call(...searchCall(query), () => run(query, left));
  if (result && mine === turn) visit({ painting: null, ...left, query, pages: [pageOf(result)] }, left);
}

async function more() {
  const { query, pages } = place;
  const mine = ++turn;
  at("more").disabled = true;
  const result = await call(...searchCall(query, pages.at(-1).next_cursor), more);
  at("more").disabled = false;
  if (!result || mine !== turn) return;
  const next = hits().length;
  pages.push(pageOf(result));
  hangPage(pages.at(-1));
  count();
  wall.children[next]?.querySelector("button").focus();
}

// Calls a tool. An error is shown, with a way to try again, and nothing returned.
async function call(tool, args, again) {
  const mine = turn;
  try {
    const result = await host.call(tool, args);
    if (!result.isError) return result;
    const empty = !host.inChat && /ingest_collection/.test(textOf(result));
    if (mine === turn) fail(empty ? NONE_YET : textOf(result), empty && again);
  } catch (error) {
    if (mine === turn) failed(error, again);
  }
}

function visit(next, instead) {
  turn += 1;
  been.push(next, instead);
  show(next);
}

// Goes where the user has been before.
function go(next) {
  turn += 1;
  if (next.pages.length || next.painting?.result) show(next);
  else run(next.query, next);
}

function show(next) {
  const { query, pages, painting } = next;
  const seen = place.painting?.id;
  opened?.close();
  opened = null;
  if (pages !== place.pages) {
    takeDown(wall, pictures);
    pages.forEach(hangPage);
  }
  place = next;
  host.keep?.(keptOf(next, 10_000));
  at("browse").hidden = Boolean(painting);
  at("painting").hidden = !painting;
  if (painting) return open(painting);
  ask(query);
  count();
  if (seen) wall.querySelector(`[data-id="${seen}"] button`)?.focus();
}

function hangPage({ results, tiles }) { hang(wall, results, tiles, actions); }

// Shows in the controls what is searched for. What the user has typed since stays.
function ask(query) {
  if (query === wanted) return;
  wanted = query;
  form?.show(query, (canvas) => drawLike(canvas, query));
  controls?.show(query);
}

function open({ id, hit = null, result = null }) {
  const all = hits();
  const number = all.findIndex((each) => each.id === id);
  const tiles = Object.assign({}, ...place.pages.map((page) => page.tiles), hints(result).tiles);
  const to = (other) => other && (() => visit({ ...place, painting: { hit: other, id: other.id } }, place));
  const among = { place: `${number + 1} of ${all.length}`, previous: to(all[number - 1]), next: to(all[number + 1]) };
  settle();
  opened = openPainting(at("painting"), {
    host, pictures, id, hit, result, tile: tiles[id] ?? null,
    actions: {
      ...actions, ...(number >= 0 && among), say, failed,
      back: been.first() ? host.can.call && (() => run(newQuery({ limit }))) : been.back,
      searchPicture: ({ data, name }) => start({ image: data }, name),
    },
  });
}

async function take(file) {
  if (upload?.waits()) return upload.take(file);
  const name = file.name || "your picture";
  try {
    start({ image: (await smaller(file)).data }, name);
  } catch (error) {
    // art-mcp reads more formats than a browser. Chats do not pass on that much.
    const image = !host.inChat && file.size <= host.config.max_bytes && await wholeOf(file);
    if (image) start({ image }, name);
    else failed(error);
  }
}

function drawLike(canvas, query) {
  const { painting_id: one, painting_ids: several = [], image } = query.like.given;
  const id = one ?? several[0];
  const [, data] = /^data:[^,]*,(.*)/.exec(image) ?? [];
  if (id) pictures.show(canvas, id);
  else if (data) draw(canvas, blobOf(data)).catch(() => canvas.remove());
  else canvas.remove();
}

// Says how many paintings there are, and shows what goes with them.
function count() {
  const { query, pages } = place;
  const { total, next_cursor: cursor } = pages.at(-1);
  settle();
  say(summary());
  const notes = new Set(pages.map((page) => page.note));
  at("note").textContent = [...notes].join(" ").trim() || (total ? "" : "Remove a filter.");
  // A picture in the chat may be missing here.
  at("more").hidden = !(host.can.call && cursor && (!query.like || Object.keys(query.like.given).length));
  document.title = `${inWords(query)} – Paintings`;
}

function summary() {
  if (!place.pages.length) return "";
  const { total, next_cursor: cursor } = place.pages.at(-1);
  const [first, ...others] = hits();
  const number = (count) => count.toLocaleString();
  const of = cursor ? ` of ${number(total)}` : "";
  const best = first?.relevance ? ", best first" : "";
  return first ? `${number(1 + others.length)}${of} painting${of || others.length ? "s" : ""}${best}` : "No paintings";
}

function settle(text = summary()) {
  at("gallery").ariaBusy = null;
  fill(at("problem"));
  at("summary").textContent = text;
  at("summary").hidden = !text;
}

function fail(text, again) {
  settle();
  fill(at("problem"), el("p", {}, text), again && el("button", { onclick: again }, "Try again"));
  at("problem").scrollIntoView({ block: "nearest" });
}

function failed(error, again) {
  if (!(error instanceof HostError)) throw error;
  fail(error.message, again);
}

function say(text) {
  at("status").textContent = "";
  setTimeout(() => { at("status").textContent = text; }, 50);  // so that the same text is said again
}

function textOf({ content = [] }) {
  return content.map(({ text }) => text).filter(Boolean).join("\n") || "There is no result.";
}
