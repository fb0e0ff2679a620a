// A picture to search by: chosen, dropped anywhere on the page, or pasted.
import { at, el } from "./dom.js";

// take(file) gets one file; refuse(sentence) says why there is none. Returns pick(), which asks for a file.
export function takePictures(take, refuse) {
  const over = at("over");
  const accept = "image/*,.heic,.heif,.avif,.tif,.tiff,.jp2";
  const input = el("input", { type: "file", accept, hidden: true, onchange: () => {
    const files = [...input.files];
    input.value = "";  // so that the same file can be chosen again
    if (files.length) choose(files);
  } });
  document.body.append(input);

  function choose(files) {
    if (files.length === 1) take(files[0]);
    else if (files.length) refuse("One picture at a time, please.");
    else refuse("That is not a file. Save the picture, then choose its file.");
  }

  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) choose(event.clipboardData.files);  // otherwise text, for a field
  });
  document.addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.some((type) => type === "Files" || type === "text/uri-list")) return;
    event.preventDefault();
    over.hidden = false;
  });
  document.addEventListener("dragleave", (event) => { over.hidden = !event.relatedTarget; });
  document.addEventListener("drop", (event) => {
    if (over.hidden) return;
    event.preventDefault();
    over.hidden = true;
    choose(event.dataTransfer.files);
  });
  return () => input.click();
}
