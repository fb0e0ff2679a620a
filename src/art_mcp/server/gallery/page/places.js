// Where the user has been. A browser has that in its history, so that its Back and Forward work; in a chat, a list has
// it.

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
        const { query, painting } = place;
        const kept = { at: here, query, painting: painting && { id: painting.id, hit: painting.hit } };
        history[instead || !begun ? "replaceState" : "pushState"](kept, "");
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
