// A picture for the chat: the user has followed the chat's link, and sends the picture that only they have.
import { el, fill } from "./dom.js";
import { HostError } from "./host.js";
import { draw, smaller } from "./pictures.js";

const SENT_SIDE = 2048;  // pixels; searches look at far fewer
const LIGHT = 4 * 1024 * 1024;  // bytes; a lighter picture that is not larger is sent as it is

// pick() asks for a file; arrived(handle, picture or null) searches by it. Returns {take(file), refuse(sentence),
// waits()}: whether the link still waits for a picture.
export function uploadForChat(root, config, { pick, arrived }) {
  let waiting = !config.gone;

  function show(heading, ...content) {
    const title = el("h2", { tabIndex: -1 }, heading);
    fill(root, title, ...content);
    title.focus({ preventScroll: true });
  }

  const text = (words, props = {}) => words && el("p", props, words);
  const soft = (words) => text(words, { class: "soft" });
  const alarm = (words) => text(words, { role: "alert" });
  const button = (label, onclick, props = {}) => el("button", { onclick, ...props }, label);

  function ask(problem) {
    show("Give the chat a picture",
      alarm(problem),
      el("div", { class: "drop" },
        button("Choose a picture", pick, { class: "strong" }), "or drop it here, or paste it"),
      soft(`${config.formats}. A large picture is shrunk before it is sent. The server keeps it for at most ` +
        `${config.kept_minutes} minutes, and adds it to no collection.`));
  }

  function gone() {
    waiting = false;
    show("This link does not work",
      text(`It is valid for one picture and for ${config.link_minutes} minutes. Ask for a new one in the chat.`));
  }

  async function take(file) {
    show("Reading the picture");
    let sent = file, note = "", picture = null;
    try {
      picture = await smaller(file, SENT_SIDE);
      if (Math.max(picture.width, picture.height) >= SENT_SIDE || file.size > LIGHT) {
        sent = picture.blob;
        note = `It is sent as a JPEG of ${picture.width} × ${picture.height} pixels.`;
      }
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      note = `${error.message} You can send it as it is.`;
    }
    if (!waiting) return;
    if (sent.size <= config.max_bytes) confirm({ sent, note, picture, name: file.name });
    else ask(`That file is larger than ${config.max_bytes >> 20} MiB. Save the picture as JPEG, then choose that.`);
  }

  function confirm(upload, problem) {
    const { note, picture, name } = upload;
    const preview = picture && el("canvas", { role: "img", ariaLabel: "The picture that you chose" });
    const send = button("Send it to the chat", () => post(upload), { class: "strong" });
    show("Send this picture?", preview, text(name), soft(note), alarm(problem),
      el("div", { class: "line" }, send, button("Choose another", () => { ask(); pick(); })));
    if (preview) draw(preview, picture.blob);
    send.focus();
  }

  function post(upload) {
    const bar = el("progress", { max: 1, value: 0, ariaLabel: "Sending" });
    const status = el("p", { role: "status" });
    const request = new XMLHttpRequest();  // since fetch does not report progress
    const again = (problem) => {
      waiting = true;
      confirm(upload, problem);
    };
    waiting = false;
    show("Sending", bar, status);
    request.upload.onprogress = (event) => { bar.value = event.loaded / event.total; };
    request.upload.onload = () => {
      bar.removeAttribute("value");
      status.textContent = "Sent. The server is checking it.";
    };
    request.onerror = () =>
      again("The connection was lost. Try again; if the link no longer works, the picture has arrived.");
    request.onload = () => {
      let answer;
      try { answer = JSON.parse(request.responseText); } catch { answer = {}; }
      if (request.status === 200) done(answer.handle, upload.picture);
      else if (request.status === 404) gone();
      else again(answer.error || "The server could not accept it. Try again.");
    };
    request.open("POST", config.upload);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.send(upload.sent);
  }

  function done(handle, picture) {
    show("The chat has your picture",
      el("p", {}, "Go back to the chat and say that you have sent it. If the chat asks for the picture’s handle, it is ",
        el("code", {}, handle), "."),
      config.endpoint && soft("Below are the paintings that look like it."));
    if (config.endpoint) arrived(handle, picture);
  }

  root.hidden = false;
  if (waiting) ask();
  else gone();
  // A page of an expired link sends nothing: its port may be another program's by then.
  setTimeout(() => { if (waiting) gone(); }, 1000 * config.seconds);
  return { take, refuse: ask, waits: () => waiting };
}
