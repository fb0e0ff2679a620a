// Several chosen paintings: to search by, and to hand over to the chat.
import { el, fill } from "./dom.js";
import { handOver } from "./hand_over.js";

const MOST = 5;  // paintings that one search compares with

// moreLikeAll(hits) searches; changed() is told of each change. Returns {choose(hit, on), isChosen(id)}. A choice
// outlives searches.
export function choice(bar, { host, moreLikeAll, changed, say }) {
  const hits = new Map();

  function show() {
    const chosen = [...hits.values()];
    const few = chosen.length > 1 && chosen.length <= MOST;
    bar.hidden = !chosen.length;
    fill(bar, el("p", {}, `${chosen.length} chosen`),
      few && el("button", { class: "strong", onclick: () => moreLikeAll(chosen) }, "More like all of these"),
      chosen.length > MOST && `A search compares at most ${MOST} paintings`);
    handOver(bar, { host, hits: chosen, what: "the chosen paintings", say });
    bar.append(el("button", { onclick: () => { hits.clear(); show(); } }, "Clear"));
    changed();
    say(`${chosen.length} chosen`);
  }

  return {
    choose(hit, on) {
      if (on) hits.set(hit.id, hit);
      else hits.delete(hit.id);
      show();
    },
    isChosen: (id) => hits.has(id),
  };
}
