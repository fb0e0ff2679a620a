// Stored pictures, which the server sends in small batches, and the picture that a user gives.
// They are drawn by createImageBitmap on a canvas: the one way that no content security policy blocks.
import { HostError } from "./host.js";

const BATCH = 8;  // thumbnails of 10 to 20 KB: together less than hosts cut off
const BATCHES = 2;  // at once, so that one is on its way while another is drawn
const AGAIN_AFTER = 3000;  // ms after a failure, once
const KEPT = 500;  // encoded pictures, about 10 MB
const THUMBNAIL = 320;  // pixels of the longer side

// The stored pictures, as `host` gets them.
export function storedPictures(host) {
  const kept = new Map();  // Blobs, the least recently used first
  const waiting = new Map();  // id → {canvases, blob, resolve, sent}, in order of asking
  const shown = new WeakMap();  // canvas → id
  let batches = 0;

  // Draws a thumbnail. Resolves to its {width, height}, or null if there is none or the canvas is to show another by then.
  async function show(canvas, id) {
    shown.set(canvas, id);
    const drawn = await bitmap(id, canvas);
    return drawn && shown.get(canvas) === id ? drawOn(canvas, drawn) : null;
  }

  // What only this canvas shows is not fetched.
  function forget(canvas) {
    const id = shown.get(canvas), asked = waiting.get(id);
    shown.delete(canvas);
    asked?.canvases.delete(canvas);
    if (asked && !asked.canvases.size && !asked.sent) answer(id, null);
  }

  // The thumbnail that a canvas is to show, as an ImageBitmap, or null.
  async function bitmap(id, canvas) {
    const blob = keep(id) ?? await thumbnail(id, canvas);
    return blob && createImageBitmap(blob).catch(() => null);
  }

  // A region ("x,y,width,height" in fractions, "" for all) of at most `size` pixels a side, as a Blob.
  async function region(id, part, size) {
    const key = id + part + size, before = keep(key);
    if (before) return before;
    const { pictures: [picture] } = await get({ ids: [id], size, region: part });
    if (!picture) throw new HostError("No picture of this painting is stored.");
    return keep(key, blobOf(picture.data));
  }

  function thumbnail(id, canvas) {
    if (!host.can.call) return null;
    const asked = waiting.get(id) ?? { canvases: new Set() };
    asked.canvases.add(canvas);
    if (!asked.blob) {
      asked.blob = new Promise((resolve) => { asked.resolve = resolve; });
      waiting.set(id, asked);
      setTimeout(send);  // when all that are shown at once have asked
    }
    return asked.blob;
  }

  async function send() {
    const batch = [...waiting].filter(([, asked]) => !asked.sent).slice(0, BATCH);
    if (!batch.length || batches === BATCHES) return;
    batches += 1;
    for (const [, asked] of batch) asked.sent = true;
    send();
    const ids = batch.map(([id]) => id), ask = () => get({ ids, size: THUMBNAIL });
    const later = () => new Promise((resolve) => { setTimeout(() => resolve(ask()), AGAIN_AFTER); });
    const { pictures, missing } = await ask().catch(later).catch(() => ({ pictures: [], missing: ids }));
    for (const { id, data } of pictures) answer(id, keep(id, blobOf(data)));
    for (const id of missing) answer(id, null);
    for (const [, asked] of batch) asked.sent = false;  // those that did not fit are first in the next batch
    batches -= 1;
    send();
  }

  function answer(id, blob) {
    waiting.get(id)?.resolve(blob);
    waiting.delete(id);
  }

  async function get(args) {
    const { isError, structuredContent: { pictures, missing } = {}, content } = await host.call("gallery_pictures", args);
    if (isError || !pictures) throw new HostError(content?.[0]?.text ?? "The picture did not arrive.");
    return { pictures, missing: pictures.length ? missing ?? [] : args.ids };
  }

  function keep(key, blob = kept.get(key)) {
    kept.delete(key);
    if (blob) kept.set(key, blob);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
    return blob;
  }

  return { show, forget, bitmap, region };
}

export function blobOf(base64) {
  return new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))]);
}

// A file as it is, as a data: URI; nothing if it is empty or cannot be opened.
export function wholeOf(file) {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onloadend = () => resolve(file.size && reader.result?.replace(/^[^,]*/, "data:image/*;base64"));
    reader.readAsDataURL(file);
  });
}

// Draws a picture file in its full size.
export async function draw(canvas, blob) { drawOn(canvas, await createImageBitmap(blob)); }

function drawOn(canvas, bitmap, scale = 1) {
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  bitmap.close();
  return { width, height };
}

// Formats that not every browser reads, by how a file begins.
const FORMATS = [[/^....ftyp(he|mi|ms)/s, "HEIC"], [/^....ftypav/s, "AVIF"], [/^(II[*+]|MM\0[*+])/, "TIFF"]];

// The picture in a file or blob, upright, as a JPEG of at most `side` pixels a side: {data, width, height, name, blob}.
// Throws a HostError that says why it cannot be read.
export async function smaller(file, side = 1024) {
  const name = file.name ? `“${file.name}”` : "This picture";
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);  // as its EXIF orientation says
  } catch {
    const begin = await file.slice(0, 16).arrayBuffer().catch(() => null);
    if (!begin) throw new HostError(`${name} cannot be opened. If it is in a cloud, download it first.`);
    const text = String.fromCharCode(...new Uint8Array(begin));
    const format = FORMATS.find(([form]) => form.test(text))?.[1];
    const because = format ? `a ${format} file, which this browser cannot` : "not a picture that this browser can";
    throw new HostError(text ? `${name} is ${because} read. Choose a JPEG or PNG file instead.` : `${name} is empty. Choose another file.`);
  }
  const canvas = document.createElement("canvas");
  const size = drawOn(canvas, bitmap, Math.min(1, side / Math.max(bitmap.width, bitmap.height)));
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.9); });
  return { data: canvas.toDataURL("image/jpeg", 0.9), ...size, name: file.name ?? "", blob };
}
