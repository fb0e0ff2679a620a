// Stored pictures, which the server sends in small batches, and the picture that a user gives.
// They are drawn by createImageBitmap on a canvas: the one way that no content security policy blocks.
import { HostError } from "./host.js";

const BATCH = 8;  // thumbnails of 10 to 20 KB: together less than hosts cut off
const BATCHES = 2;  // at once, so that one is on its way while another is drawn
const AGAIN_AFTER = 3000;  // ms after a failure, once
const KEPT = 500;  // encoded pictures, about 10 MB
const THUMBNAIL = 320;  // pixels of the longer side

export class Pictures {
  #host;
  #kept = new Map();  // Blobs, the least recently used first
  #asked = new Map();  // id → {canvases, blob, resolve, sent}, in order of asking
  #shown = new WeakMap();  // canvas → id
  #batches = 0;

  constructor(host) { this.#host = host; }

  // Draws a thumbnail. Resolves to its {width, height}, or null if there is none or the canvas is to show another by then.
  async show(canvas, id) {
    this.#shown.set(canvas, id);
    const bitmap = await this.bitmap(id, canvas);
    return bitmap && this.#shown.get(canvas) === id ? drawOn(canvas, bitmap) : null;
  }

  // What only this canvas shows is not fetched.
  forget(canvas) {
    const id = this.#shown.get(canvas), asked = this.#asked.get(id);
    this.#shown.delete(canvas);
    asked?.canvases.delete(canvas);
    if (asked && !asked.canvases.size && !asked.sent) this.#answer(id, null);
  }

  // The thumbnail that a canvas is to show, as an ImageBitmap, or null.
  async bitmap(id, canvas) {
    const blob = this.#keep(id) ?? await this.#thumbnail(id, canvas);
    return blob && createImageBitmap(blob).catch(() => null);
  }

  // A region ("x,y,width,height" in fractions, "" for all) of at most `size` pixels a side, as a Blob.
  async region(id, region, size) {
    const key = id + region + size, kept = this.#keep(key);
    if (kept) return kept;
    const { pictures: [picture] } = await this.#fetch({ ids: [id], size, region });
    if (!picture) throw new HostError("No picture of this painting is stored.");
    return this.#keep(key, blobOf(picture.data));
  }

  #thumbnail(id, canvas) {
    if (!this.#host.can.call) return null;
    const asked = this.#asked.get(id) ?? { canvases: new Set() };
    asked.canvases.add(canvas);
    if (!asked.blob) {
      asked.blob = new Promise((resolve) => { asked.resolve = resolve; });
      this.#asked.set(id, asked);
      setTimeout(() => this.#send());  // when all that are shown at once have asked
    }
    return asked.blob;
  }

  async #send() {
    const batch = [...this.#asked].filter(([, asked]) => !asked.sent).slice(0, BATCH);
    if (!batch.length || this.#batches === BATCHES) return;
    this.#batches += 1;
    for (const [, asked] of batch) asked.sent = true;
    this.#send();
    const ids = batch.map(([id]) => id), ask = () => this.#fetch({ ids, size: THUMBNAIL });
    const later = () => new Promise((resolve) => { setTimeout(() => resolve(ask()), AGAIN_AFTER); });
    const { pictures, missing } = await ask().catch(later).catch(() => ({ pictures: [], missing: ids }));
    for (const { id, data } of pictures) this.#answer(id, this.#keep(id, blobOf(data)));
    for (const id of missing) this.#answer(id, null);
    for (const [, asked] of batch) asked.sent = false;  // those that did not fit are first in the next batch
    this.#batches -= 1;
    this.#send();
  }

  #answer(id, blob) {
    this.#asked.get(id)?.resolve(blob);
    this.#asked.delete(id);
  }

  async #fetch(args) {
    const { isError, structuredContent: { pictures, missing } = {}, content } = await this.#host.call("gallery_pictures", args);
    if (isError || !pictures) throw new HostError(content?.[0]?.text ?? "The picture has not arrived.");
    return { pictures, missing: pictures.length ? missing ?? [] : args.ids };
  }

  #keep(key, blob = this.#kept.get(key)) {
    this.#kept.delete(key);
    if (blob) this.#kept.set(key, blob);
    if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value);
    return blob;
  }
}

export function blobOf(base64) {
  return new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))]);
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
    throw new HostError(text ? `${name} is ${because} read. Choose a JPEG or PNG file instead.` : `${name} is empty.`);
  }
  const canvas = document.createElement("canvas");
  const size = drawOn(canvas, bitmap, Math.min(1, side / Math.max(bitmap.width, bitmap.height)));
  const blob = await new Promise((resolve) => { canvas.toBlob(resolve, "image/jpeg", 0.9); });
  return { data: canvas.toDataURL("image/jpeg", 0.9), ...size, name: file.name ?? "", blob };
}
