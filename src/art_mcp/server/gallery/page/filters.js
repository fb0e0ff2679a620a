// Filters, as chips: those in use, and those that the collection offers, with the number of paintings of each.
import { el, fill, icon } from "./dom.js";
import { fieldName, FILTER_NAMES, filtersInWords } from "./query.js";

const SHOWN = 6;  // values of a facet, before the others are asked for
const SORTS = { "": "Best match", year: "Oldest first", "-year": "Newest first", title: "By title",
  random: "At random" };

// search(parts of a query); facets(filters) → a CollectionResult, or nothing. Returns {show(query)}.
export function filterControls(controls, panel, { search, facets }) {
  const active = el("ul", { class: "chips", ariaLabel: "Filters in use" });
  const options = Object.entries(SORTS).map(([value, text]) => el("option", { value }, text));
  const sort = el("select", { ariaLabel: "Order", onchange: () => search({ sort: sort.value }) }, ...options);
  const toggle = el("button", { onclick: () => expand(panel.hidden) }, "Filters");
  fill(controls, active, toggle, sort);
  controls.hidden = false;
  let filters = {};
  let offered = "";  // the filters that the counts are for
  expand(false);

  function expand(on) {
    panel.hidden = !on;
    toggle.ariaExpanded = on;
    if (on) offer();
  }

  function set(changes) {
    const changed = Object.fromEntries(Object.entries({ ...filters, ...changes }).filter(([, value]) => value));
    const { year_from: first, year_to: last } = changed;
    if (first > last) Object.assign(changed, { year_from: last, year_to: first });
    search({ filters: changed });
  }

  async function offer() {
    const now = JSON.stringify(filters);
    if (now === offered) return;
    if (!offered) fill(panel, el("p", {}, "Counting the paintings"));
    const found = await facets(filters);
    if (now !== JSON.stringify(filters)) return;
    if (!found) return expand(false);
    offered = now;
    const focused = panel.contains(document.activeElement) && document.activeElement.id;
    fill(panel, years(found),
      ...FILTER_NAMES.map((name) => found.facets[name]?.values.length && facet(name, found.facets[name])));
    if (focused) (document.getElementById(focused) ?? toggle).focus();
  }

  function facet(name, { values, distinct }) {
    const chips = values.map(({ value, paintings }) => {
      const on = String(filters[name]).toLowerCase() === value.toLowerCase();
      return el("li", {}, el("button", { id: `${name}=${value}`, ariaPressed: String(on),
        onclick: () => set({ [name]: on ? "" : value }) }, value, el("small", {}, paintings.toLocaleString())));
    });
    const rest = chips.splice(SHOWN);
    const more = el("li", {}, el("button", { class: "plain", onclick: () => {
      more.replaceWith(...rest);
      rest[0].firstChild.focus();
    } }, `${rest.length} more`));
    const others = distinct - values.length;
    return group(fieldName(name), el("ul", { class: "chips" }, ...chips, rest.length && more,
      others > 0 && el("li", { class: "soft" }, `and ${others} others, to search for by name`)));
  }

  function years({ year_from: first, year_to: last }) {
    const year = (name, label, placeholder) => el("input", {
      id: name, type: "number", placeholder, value: filters[name] ?? "", ariaLabel: label,
      onchange: ({ target }) => set({ [name]: Number(target.value) }),
    });
    return first && group("Years", el("span", {},
      year("year_from", "From the year", first), " to ", year("year_to", "To the year", last)));
  }

  return {
    show(query) {
      filters = query.filters;
      sort.hidden = query.like !== null;
      sort.value = query.sort;
      sort.options[0].textContent = query.words ? SORTS[""] : "Any order";
      fill(active, ...filtersInWords(filters).map(([names, text]) => el("li", {},
        el("button", { class: "strong", ariaLabel: `Remove the filter ${text}`, onclick: () => {
          toggle.focus();
          set(Object.fromEntries(names.map((name) => [name, ""])));
        } }, text, icon("close")))));
      if (!panel.hidden) offer();
    },
  };
}

function group(name, content) {
  return el("div", { class: "facet", role: "group", ariaLabel: name }, el("span", {}, name), content);
}
