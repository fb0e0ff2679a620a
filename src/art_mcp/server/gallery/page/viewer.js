// A picture with zoom and pan, sharp down to the pixels of the kept picture, and a region marked on it.
// A point is [x, y]: in CSS pixels on the stage, in fractions in the picture. Corners are two points.
import { el } from "./dom.js";
import { tilesOf, zip } from "./tiles.js";

const STEP = 1.5;
const CLOSEST = 3;  // CSS pixels for a pixel of the kept picture
const ENLARGED = 2;  // the same, of a small picture that is shown whole
const SMALLEST = 0.03;  // of a side of a region; tools refuse one below 0.02
const WHOLE = [[0, 0], [1, 1]];
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const minus = (one, other) => zip((a, b) => a - b, one, other);
const within = (least, value, most) => Math.min(Math.max(value, least), most);

// Puts a picture with its buttons into `root`.
// tile: [width, height, colour] of its thumbnail, or null. marked(region): is called with the marked region, "x,y,width,height" in fractions, or "".
// Returns {name(text), show(bitmap), keep(width, height), look(region), close()}.
export function openViewer(root, { pictures, id, tile, say, marked }) {
  let [width, height, colour] = tile ?? [400, 300, "#8884"];
  let sides = [width, height];  // of the kept picture in pixels, once they are known
  let sized = Boolean(tile), base = null, frame = 0;
  let zoom = 1, middle = [0.5, 0.5];  // 1 shows all of it; the point in the middle of the stage
  let region = null;  // its corners
  const pointers = new Map();
  const tiles = tilesOf(pictures, id, draw, () => say("The picture’s details did not arrive."));
  const canvas = el("canvas", { role: "img" }), marker = el("div", { class: "marker", hidden: true });
  const stage = el("div", { class: "stage", role: "application", tabIndex: 0,
    ariaLabel: "Picture: + and - zoom, 0 shows all of it, arrow keys move it" }, canvas, marker);
  const button = (sign, name, act) => el("button", { ariaLabel: name, onclick: act }, sign);
  const mark = el("button", { ariaPressed: "false", onclick: toggle }, "Mark a region");
  root.append(stage, el("div", { class: "ways zoom" },
    button("−", "Zoom out", () => step(1 / STEP)), button("+", "Zoom in", () => step(STEP)),
    button("Fit", "Fit the whole picture", whole), mark));

  const room = () => [stage.clientWidth, stage.clientHeight];

  // CSS pixels for a pixel of the kept picture.
  function scale(zoomed = zoom) {
    const edge = Math.min(32, room()[0] / 12);
    return zoomed * Math.max(1e-3, Math.min(ENLARGED, ...zip((length, side) => (length - edge) / side, room(), sides)));
  }

  const onStage = (point) =>
    zip((length, at, mid, side) => length / 2 + (at - mid) * side * scale(), room(), point, middle, sides);
  const inPicture = (point) =>
    zip((length, at, mid, side) => mid + (at - length / 2) / side / scale(), room(), point, middle, sides);
  const seen = () => [inPicture([0, 0]), inPicture(room())].map((corner) => corner.map((value) => within(0, value, 1)));

  function go(to, point = middle) {
    zoom = within(1, to, Math.max(2, CLOSEST / scale(1)));
    middle = zip((length, at, side) => {
      const half = Math.min(0.5, length / 2 / side / scale());
      return within(half, at, 1 - half);
    }, room(), point, sides);
    stage.classList.toggle("close", zoom > 1);
    draw();
  }

  function move(by) {
    go(zoom, zip((mid, length, side) => mid - length / side / scale(), middle, by, sides));
  }

  // Zooms around a point of the stage.
  function zoomBy(factor, point = room().map((length) => length / 2)) {
    const fixed = inPicture(point);
    go(zoom * factor);
    move(minus(point, onStage(fixed)));
  }

  function step(factor) {
    zoomBy(factor);
    say(`Zoom ${Math.round(100 * scale() * devicePixelRatio)} %`);
  }

  function whole() {
    go(1);
    say("The whole picture");
  }

  // --- keys, wheel and pointers ---

  const listen = (name, act) => stage.addEventListener(name, act, { passive: false });

  listen("keydown", (event) => {
    const { key, shiftKey, ctrlKey, metaKey, altKey } = event, arrow = ARROWS[key];
    if (ctrlKey || metaKey || altKey) return;
    if (key === "+" || key === "=") step(STEP);
    else if (key === "-") step(1 / STEP);
    else if (key === "0") whole();
    else if (arrow && region) nudge(arrow, shiftKey);
    else if (arrow) move(zip((by, length) => -by * length / 6, arrow, room()));
    else if (key === "Escape" && region) toggle();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });

  listen("wheel", (event) => {
    const { ctrlKey, metaKey, deltaMode } = event, turned = event.deltaY * (deltaMode ? 30 : 1);
    // Within a chat, the wheel scrolls unless the picture has the focus.
    const meant = ctrlKey || metaKey || document.activeElement === stage || document.documentElement.dataset.display !== "inline";
    if (!meant || (zoom === 1 && turned > 0 && !ctrlKey)) return;
    event.preventDefault();
    zoomBy(Math.exp(-within(-100, turned, 100) * (ctrlKey ? 0.01 : 0.003)), pointOf(event));
  });

  function pointOf(event) {
    const { left, top } = stage.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  }

  // The middle of the pointers, and how far they are apart.
  function fingers() {
    const [first, last = first] = pointers.values();
    return [zip((a, b) => (a + b) / 2, first, last), Math.hypot(...minus(first, last)) || 1];
  }

  listen("pointerdown", (event) => {
    if (event.button) return;
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, pointOf(event));
  });

  listen("pointermove", (event) => {
    const from = pointers.get(event.pointerId);
    if (!from) return;
    if (region && pointers.size === 1) {
      from.corner ??= inPicture(from);
      return set([from.corner, inPicture(pointOf(event))]);
    }
    const [before, apart] = fingers();
    pointers.set(event.pointerId, pointOf(event));
    const [now, further] = fingers();
    move(minus(now, before));
    zoomBy(further / apart, now);
  });

  for (const name of ["pointerup", "pointercancel"]) listen(name, (event) => pointers.delete(event.pointerId));

  listen("dblclick", (event) => region || zoomBy(2, pointOf(event)));

  // --- the marked region ---

  function toggle() {
    if (!region) stage.focus({ preventScroll: true });
    set(region ? null : [0.25, 0.75].map((part) => zip((start, end) => start + part * (end - start), ...seen())));
    mark.ariaPressed = Boolean(region);
    stage.classList.toggle("marking", region);
    say(region ? "Drag over the picture, or move the frame with the arrow keys and resize it with Shift."
      : "No region is marked.");
  }

  // Sorts the corners, and keeps the region within the picture and not too small for the tools.
  function set(corners) {
    const ends = corners && zip((one, other) => {
      const start = within(0, Math.min(one, other), 1 - SMALLEST);
      return [start, within(start + SMALLEST, Math.max(one, other), 1)];
    }, ...corners);
    region = ends && zip((...corner) => corner, ...ends);
    marker.hidden = !region;
    marked(region ? measured((part) => +part.toFixed(4)).join() : "");
    draw();
  }

  // The left, top, width and height of the region.
  const measured = (write) => [...region[0], ...minus(region[1], region[0])].map(write);

  function nudge(arrow, stretched) {
    const [start, end] = region;
    const by = zip((from, to, on, first, last) => within(stretched ? -1 : -first, on * (to - from) / 40, 1 - last),
      ...seen(), arrow, ...region);
    const shifted = (corner) => zip((at, length) => at + length, corner, by);
    set(stretched ? [start, zip(Math.max, start, shifted(end))] : region.map(shifted));
    const [left, top, wide, high] = measured((part) => Math.round(100 * part));
    say(`${wide} by ${high} % at ${left} %, ${top} %`);
  }

  // --- drawing ---

  function draw() {
    frame ||= requestAnimationFrame(paint);
  }

  function paint() {
    frame = 0;
    const dense = devicePixelRatio, size = room().map((length) => Math.round(length * dense));
    if (!size[0]) return;
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    // In whole pixels of the screen, so that there is no seam between tiles.
    const place = (corners) => {
      const [start, end] = corners.map((corner) => onStage(corner).map((side) => Math.round(side * dense)));
      return [...start, ...minus(end, start)];
    };
    const context = canvas.getContext("2d"), all = place(WHOLE);
    context.clearRect(0, 0, ...size);
    context.imageSmoothingQuality = "high";
    Object.assign(context, { shadowColor: "#0006", shadowBlur: 12 * dense, shadowOffsetY: 4 * dense, fillStyle: colour });
    context.fillRect(...all);
    context.shadowColor = "#0000";
    if (base) context.drawImage(base, ...all);
    if (sized) {
      const enough = base ? Math.max(base.width, base.height) : 0;
      for (const { bitmap, corners } of tiles.at(sides, scale() * dense, seen(), enough)) context.drawImage(bitmap, ...place(corners));
    }
    if (region) {
      const [left, top, wide, high] = place(region).map((side) => `${side / dense}px`);
      Object.assign(marker.style, { left, top, width: wide, height: high });
    }
  }

  function keep(...pixels) {
    sides = pixels;
    sized = true;
    shape();
  }

  function shape() {
    stage.style.setProperty("--ratio", sides[0] / sides[1]);
    go(zoom);
  }

  function show(bitmap) {
    if (!bitmap || bitmap.width <= base?.width) return;
    base = bitmap;
    if (sized) draw();
    else keep(bitmap.width, bitmap.height);
  }

  const watch = new ResizeObserver(() => go(zoom));
  watch.observe(stage);
  shape();
  pictures.bitmap(id, canvas).then(show);
  return {
    show,
    keep,
    name(text) { canvas.ariaLabel = text; },
    look(text) {
      const [x, y, wide, high] = text.match(/[\d.]+/g).map(Number);
      go(1 / Math.max(wide, high), [x + wide / 2, y + high / 2]);
    },
    close() {
      watch.disconnect();
      tiles.close();
    },
  };
}
