// Hands paintings over to the chat: as a message, as context of the user's next message, or as a text to paste.
import { el } from "./dom.js";

const LONGEST = 200;  // characters of a title or a name

// Puts a button for each way that the host has into `root`. `hits` are [{id, title, artist, date, number}], and with
// `region` ("x,y,width,height" in fractions) that part of the one. `what` names them for a screen reader.
export function handOver(root, { host, hits, what, region, say }) {
  const text = told(hits, region), note = el("small", { ariaHidden: "true" });
  const known = { paintings: hits.map(({ id, title, artist, date }) => ({ id, title, artist, date })), ...region && { region } };
  const way = (label, done, act) => doing({ label, done, act, note, say });
  root.append(el("div", { class: "ways", role: "group", ariaLabel: `Hand over ${what}` },
    host.can.message && way("Send to the chat", "Sent to the chat.", () => host.message(text)),
    host.can.context && way("Let the chat see", "The chat sees this with your next message.", () => host.tell(text, known)),
    copying({ label: "Copy for a chat", text, root, note, say }), note));
}

// A button that copies a text. Where a frame may not, it shows the text in `root`, selected.
export function copying({ label, name = label, text, root, note, say }) {
  return doing({ label, name, done: "Copied.", note, say, async act() {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      root.querySelector("textarea")?.remove();
      const field = el("textarea", { value: text, readOnly: true, ariaLabel: "Text to copy" }), { activeElement } = document;
      root.append(field);
      field.select();
      if (!document.execCommand("copy")) throw new Error("The text is selected. Copy it with Ctrl+C or ⌘C.");
      field.remove();
      activeElement.focus();
    }
  } });
}

// A button that does something, and says whether that is done.
function doing({ label, name = label, done, act, note, say }) {
  return el("button", { ariaLabel: name, async onclick() {
    note.textContent = await act().then(() => done, (error) => error.message);
    say(note.textContent);
  } }, label);
}

// What the chat is told. The text alone says all, since not every host passes on structured data.
function told(hits, region) {
  const lines = hits.map(({ number, title, artist, date, id }) =>
    `${number ? `${number}. ` : ""}“${short(title)}”${[artist, date].map((fact) => fact && `, ${short(fact)}`).join("")} (id ${id})`);
  if (region) return `Look at a part of the painting ${lines}: call get_painting with this id and region="${region}".`;
  return lines[1] ? `I have chosen these paintings:\n${lines.join("\n")}` : `I have chosen the painting ${lines}.`;
}

// On one line, without quotation marks that would end the quotation.
function short(text) {
  const line = text.replace(/[\s“”"]+/g, " ").trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
