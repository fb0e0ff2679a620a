// Builds elements. Text, also of catalogues, becomes text and attributes only, never HTML.

// el("button", {class: "open", onclick: f, ariaPressed: "true"}, "text", child, null): a child that is nothing is left
// out.
export function el(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (name in element) element[name] = value;
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter(Boolean));
  return element;
}

// Replaces all that is in an element. As in el(), what is nothing is left out.
export function fill(element, ...children) {
  element.replaceChildren(...children.filter(Boolean));
}

export const at = (id) => document.getElementById(id);

const ICONS = {
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5 20 20",
  picture: "M4 5h16v14H4zM4 16l5-5 4 4 2-2 5 5M15 9.5h.01",
  close: "M6 6l12 12M18 6 6 18",
};

// A line drawing, for a button whose label says the same.
export function icon(name) {
  const [svg, path] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  svg.setAttribute("viewBox", "0 0 24 24");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
