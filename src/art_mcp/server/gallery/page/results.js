// The wall: hits in justified rows, in rank order, uncropped.
import { el } from "./dom.js";
import { blobOf, draw } from "./pictures.js";

// Adds a page of hits, and starts loading their pictures. tiles: {id: [width, height, colour]} where known.
// actions: {pictures, open(hit), moreLike(hit), choose(hit, on), isChosen(id)}; without `open`, where the page can call
// no tools, a hit is only its caption.
export function hang(wall, hits, tiles, actions) {
  wall.append(...hits.map((hit) => {
    const item = el("li", { value: hit.number, "data-id": hit.id });
    if (actions.open) hangOne(item, hit, tiles[hit.id] ?? [], actions);
    else item.append(plaque(hit));
    return item;
  }));
}

export function takeDown(wall, pictures) {
  for (const canvas of wall.querySelectorAll("canvas")) pictures.forget(canvas);
  wall.replaceChildren();
}

async function hangOne(item, hit, [width = 1, height = 1, colour = ""], actions) {
  const { pictures, open, moreLike, choose, isChosen } = actions;
  const canvas = el("canvas", { ariaHidden: "true" });
  const frame = el("span", { class: "frame" }, canvas);
  const box = el("input", {
    type: "checkbox", value: hit.id, ariaLabel: `Choose ${hit.title}`, checked: isChosen(hit.id),
  });
  box.addEventListener("change", () => choose(hit, box.checked));
  item.append(
    el("button", { class: "open", onclick: () => open(hit) }, frame, plaque(hit)),
    el("div", { class: "tools" }, el("label", { title: "Choose" }, box),
      el("button", { class: "plain", ariaLabel: `More like this: ${hit.title}`, onclick: () => moreLike(hit) },
        "More like this")),
  );
  item.style.setProperty("--ratio", width / height);
  canvas.style.backgroundColor = colour;
  const drawn = await pictures.show(canvas, hit.id);
  if (drawn) item.style.setProperty("--ratio", drawn.width / drawn.height);
  else frame.replaceChildren(el("span", { class: "missing" }, "No picture"));
}

function plaque({ number, relevance, title, artist, date }) {
  return el("span", { class: "caption" },
    el("span", {}, `${number} `, relevance && el("span", { class: "rated", "data-as": relevance }, relevance)),
    el("cite", {}, title),
    el("span", {}, [artist, date].filter(Boolean).join(", ")));
}

// Ticks the boxes of the chosen paintings.
export function tick(wall, isChosen) {
  for (const box of wall.querySelectorAll("input")) box.checked = isChosen(box.value);
}

// Draws the picture of a tool's result above the hits.
export async function drawSheet(wall, content) {
  const sheet = content.find((block) => block.type === "image");
  if (!sheet) return;
  const canvas = el("canvas", { id: "sheet", role: "img", ariaLabel: "The paintings below, with their numbers" });
  await draw(canvas, blobOf(sheet.data));
  wall.before(canvas);
}
