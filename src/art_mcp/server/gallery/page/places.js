// Where the user has been. A browser has that in its history, so that its Back and Forward work; in a chat, a list has
// it.

const LARGEST = 1_000_000;  // characters of a place that browsers keep

// What is kept of a place over a reload. A picture that is too large for that is not.
export function keptOf({ query, painting }, most = LARGEST) {
  const kept = { query, painting: painting && { id: painting.id, hit: painting.hit } };
  return JSON.stringify(kept).length > most ? { query: { ...query, like: null }, painting: null } : kept;
}

// A place is {query, pages, painting}. go(place) shows one again; after a reload, its pages are gone.
export function visits(inChat, go) {
  const places = [];
  let here = inChat ? -1 : (history.state?.at ?? 0) - 1;
  let begun = inChat;

  if (!inChat) {
    window.addEventListener("popstate", ({ state }) => {
      if (!state) return;
      here = state.at;
      go(places[here] ??= { ...state, pages: [] });
    });
  }
  return {
    first: () => here <= 0,
    push(place, instead) {
      if (!instead || !begun) here += 1;
      places.length = here;
      places[here] = place;
      if (!inChat) {
        history[instead || !begun ? "replaceState" : "pushState"]({ at: here, ...keptOf(place) }, "");
      }
      begun = true;
    },
    back() {
      if (!inChat) return history.back();
      places.length = here;
      go(places[--here]);
    },
  };
}
