// A painting's own view: the picture, its catalogue entry, texts to copy, and where to go from here.
import { at, el, fill } from "./dom.js";
import { copying, handOver } from "./hand_over.js";
import { HostError } from "./host.js";
import { blobOf, smaller } from "./pictures.js";
import { hang, takeDown } from "./results.js";
import { openViewer } from "./viewer.js";

const SIMILAR = 8;
const UNTOLD = 1024;  // pixels of the longer side, where a server does not say

// Shows a painting in `root`. hit, tile: what a search has said of it, or null. result: of get_painting, or null.
// actions: {back(), open(hit), moreLike(hit), searchPicture({data, name}), say(text), failed(error, again), choose(hit, on),
// isChosen(id)}, and for one of several hits {place: "3 of 20", previous, next}, as far as there are such neighbours.
export function openPainting(root, { host, pictures, id, hit, tile, result, actions }) {
  const { say, failed } = actions, { can } = host;
  let entry = hit ?? { title: "" }, region = "", closed = false;
  const button = (text, act, props = {}) => el("button", { onclick: act, ...props }, text);
  const title = el("h2", { tabIndex: -1 }), facts = el("dl"), museum = el("span"), texts = el("div");
  const [artist, made, words] = ["artist", "soft", "words"].map((name) => el("p", { class: name }));
  const look = el("div", { class: "look" }), wall = el("ol", { class: "wall" });
  const more = el("section", { ariaLabel: "Similar paintings", hidden: true }, el("h3", {}, "Similar paintings"), wall);
  const choose = button("Choose", () => {
    actions.choose({ ...entry, id }, !actions.isChosen(id));
    choose.ariaPressed = actions.isChosen(id);
  }, { ariaPressed: String(actions.isChosen(id)) });
  const page = el("article", { class: "painting", onkeydown: ({ key }) => { if (key === "Escape") actions.back?.(); } },
    el("nav", { class: "ways", ariaLabel: "Results" }, actions.back && button("← Back", actions.back),
      can.fullscreen && button("Full screen", () => host.fullscreen(true).catch(failed), { class: "full" }),
      el("span", {}, actions.place),
      ...[["‹", "Previous painting", actions.previous], ["›", "Next painting", actions.next]].map(([sign, name, act]) =>
        button(sign, act, { ariaLabel: name, hidden: !actions.place, disabled: !act }))),
    el("div", { class: "halves" }, look, el("div", { class: "label" }, artist, title, made, words,
      el("div", { class: "ways" }, can.call && button("More like this", () => actions.moreLike({ ...entry, id }), { class: "strong" }),
        choose, museum), facts, texts)), more);
  root.replaceChildren(page);

  const viewer = openViewer(look, {
    pictures, id, tile, say,
    marked(now) {
      region = now;
      ways.hidden = !region;
      part.replaceChildren();
      give(part, "the marked region", region);
    },
  });
  const part = el("div");
  const ways = el("div", { class: "ways region", hidden: true },
    can.call && button("Search for this region", () => pictures.region(id, region, 1024).then(smaller)
      .then(({ data }) => actions.searchPicture({ data, name: `a part of ${entry.title}` })).catch(failed), { class: "strong" }), part);
  look.append(ways);

  function give(place, what, region) {
    handOver(place, { host, hits: [{ ...entry, id }], what, region, say });
  }

  function write() {
    document.title = title.textContent = entry.title;
    viewer.name(described(entry));
    artist.textContent = entry.artist;
    made.textContent = listed(entry.date, entry.technique);
    words.textContent = entry.description;
    fill(museum, entry.page && link(entry.page, "The museum’s page"));
    facts.replaceChildren(...rows(entry).flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, link(value))]));
    texts.replaceChildren(copied("Caption", tombstone(entry)), copied("Citation", reference(entry)));
    give(texts, "this painting");
  }

  // Text, or a link if it is a web address.
  function link(value, name = licence(value) ?? value) {
    if (!/^https?:\/\/\S+$/.test(value) || !can.openLink) return value;
    return el("a", { href: value, target: "_blank", rel: "noopener", onclick(event) {
      event.preventDefault();
      host.open(value).catch(failed);
    } }, name);
  }

  function copied(name, text) {
    const root = el("section", { class: "copied" }), note = el("small", { ariaHidden: "true" });
    root.append(copying({ label: "Copy", name: `Copy the ${name.toLowerCase()}`, text, root, note, say }), el("h3", {}, name),
      el("p", {}, text), note);
    return root;
  }

  async function load() {
    fill(at("problem"));
    try {
      const got = result ?? await host.call("get_painting", { id, size: 0, similar: SIMILAR });
      if (got.isError) throw new HostError(got.content[0]?.text);
      if (!closed) show(got);
    } catch (error) {
      if (!closed) failed(error, load);
    }
  }

  function show({ structuredContent, content = [], _meta }) {
    entry = structuredContent;
    write();
    const { tiles = {}, asked } = _meta?.["art-mcp/gallery"] ?? {};
    if (asked && !tiles[id]) fill(look, el("p", { class: "missing" }, "No picture is stored."));
    const [, , , width = entry.image_width, height = entry.image_height] = tiles[id] ?? [];
    const scale = tiles[id]?.[3] ? 1 : Math.min(1, UNTOLD / Math.max(width, height));
    if (width && can.call) viewer.keep(Math.round(width * scale), Math.round(height * scale));
    const shown = asked?.arguments?.region, picture = content.find(({ type }) => type === "image");
    if (shown) viewer.look(shown);
    else if (picture) createImageBitmap(blobOf(picture.data)).then(viewer.show, () => {});
    const { similar = [] } = entry;
    more.hidden = !similar.length;
    takeDown(wall, pictures);
    hang(wall, similar, tiles, { ...actions, pictures, open: can.call && actions.open });
  }

  write();
  if (document.hasFocus()) title.focus({ preventScroll: true });  // a chat that has the focus keeps it
  if (result || can.call) load();
  return {
    close() {
      closed = true;
      viewer.close();
      takeDown(wall, pictures);
      page.remove();
    },
  };
}

const listed = (...parts) => parts.filter(Boolean).join(", ");
const upper = (text) => text && text[0].toUpperCase() + text.slice(1);
const sentences = (...parts) => parts.filter(Boolean).map((part) => part.replace(/[.,;\s]*$/, ".")).join(" ");

const described = ({ title, artist, date, description }) => sentences(listed(title, artist, date), description?.slice(0, 300));

// As on a museum's label: artist, title, date; technique; credit line and accession number.
const tombstone = ({ artist, title, date, technique, credit, collection, accession_number: number }) => sentences(
  listed(artist, title, date), upper(technique), `${credit || collection}${number ? ` (${number})` : ""}`);

// As in a bibliography.
const reference = ({ artist, title, date, technique, collection, accession_number: number, page }) =>
  sentences(artist, title, date, upper(technique), listed(collection, number)) + (page ? ` ${page}` : "");

function rows(entry) {
  const { image_file: file, image_width: width, image_height: height, details = {}, copies = [] } = entry;
  return [
    ["Type", entry.type], ["School", entry.school], ["Period", entry.timeframe],
    ...Object.entries(details).map(([name, value]) => [columnName(name), value]),
    ["Collection", entry.collection], ["Accession number", entry.accession_number], ["Credit", entry.credit],
    ["Rights", entry.rights], ["Picture", listed(file, width && `${width} × ${height} pixels`)],
    ["Also stored as", listed(...copies)],
  ].filter(([, value]) => value);
}

const columnName = (name) => upper((name === name.toUpperCase() ? name.toLowerCase() : name).replace(/_/g, " "));

function licence(url) {
  const [, terms, version] = /creativecommons\.org\/\w+\/([a-z-]+)\/([\d.]+)/.exec(url) ?? [];
  const names = { zero: "CC0", mark: "Public Domain Mark" };
  return terms && `${names[terms] ?? `CC ${terms.toUpperCase()}`} ${version}`;
}
