// The search form: words, or a picture with words that say how the hits should differ. It is no <form>, since a chat's
// frame may forbid those.
import { el, fill, icon } from "./dom.js";

// search(parts of a query); pick() asks for a picture. Returns {show(query, drawPicture)}.
export function searchForm(form, { search, pick }) {
  const field = (id, placeholder) =>
    el("input", { id, type: "search", placeholder, enterKeyHint: "search", maxLength: 2000 });
  const words = field("words");
  const without = field("without", "people");
  const name = el("span");
  const like = el("div", { id: "like" });
  const exclude = el("label", { class: "field" }, el("span", {}, "Without"), without);
  const button = (label, glyph, onclick) =>
    el("button", { title: label, ariaLabel: label, onclick }, icon(glyph));
  fill(form, like, el("div", { class: "line" },
    el("label", { class: "field" }, name, words), exclude,
    button("Search by a picture: choose, drop or paste it", "picture", pick),
    el("button", { class: "strong", ariaLabel: "Search", onclick: submit }, icon("search"))));
  form.hidden = false;
  let shown = "";
  form.onkeydown = ({ key, target, isComposing }) => {
    if (key === "Enter" && target.type === "search" && !isComposing) submit();
  };

  function submit() {
    const changed = words.value.trim() !== shown;
    search({ words: words.value.trim(), without: without.value.trim(), ...(changed && { sort: "" }) });
  }

  return {
    show(query, drawPicture) {
      const steered = query.like !== null;
      name.textContent = steered ? "But" : "Paintings of";
      name.className = steered ? "" : "unseen";
      words.placeholder = steered ? "at night" : "Describe a painting, or name an artist";
      shown = words.value = query.words;
      without.value = query.without;
      like.hidden = exclude.hidden = !steered;
      if (!steered) return;
      const canvas = el("canvas", { ariaHidden: "true" });
      fill(like, canvas, el("p", {}, "Like ", el("cite", {}, query.like.name || "this picture")),
        button("Search by words only", "close", () => { search({ like: null, without: "" }); words.focus(); }));
      drawPicture(canvas);
    },
  };
}
