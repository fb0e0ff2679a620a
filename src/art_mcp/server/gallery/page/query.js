// What is searched for, and the tool calls that search for it.
//
// A query is {words, without, like, filters, sort, limit}. `like` is null or {given, name}: the argument that names
// the picture or the paintings, such as {painting_id: "…"}, and a name for people.

const FILTERS = ["artist", "school", "type", "technique", "timeframe", "collection", "year_from", "year_to", "where"];
const PICTURES = ["image", "image_file", "painting_id", "painting_ids"];
export const BY_PICTURE = "search_paintings_by_image";

export function newQuery(parts = {}) {
  return { words: "", without: "", like: null, filters: {}, sort: "", ...parts };
}

// Reads the arguments of a search, of the chat's model or of this page.
export function readQuery(given) {
  const picture = PICTURES.find((name) => given[name] && given[name].length !== 0);
  const filters = Object.fromEntries(FILTERS.filter((name) => given[name]).map((name) => [name, given[name]]));
  return newQuery({
    words: given.query || given.text || "",
    without: given.negative || "",
    like: picture ? { given: { [picture]: given[picture] }, name: "" } : null,
    filters,
    sort: (given.sort || "").replace("relevance", ""),
    limit: given.limit,
  });
}

// Returns [tool, arguments]. An argument that says nothing is left out.
export function searchCall({ words, without, like, filters, sort, limit }, cursor = "") {
  const asked = like ? { ...like.given, text: words, negative: without } : { query: words, sort };
  const given = Object.entries({ ...asked, ...filters, limit, cursor }).filter(([, value]) => value);
  return [like ? BY_PICTURE : "search_paintings_by_text", { ...Object.fromEntries(given), pictures: false }];
}

// “ships in a storm”; Like “Storm at Sea”, but at night, without people
export function inWords({ words, without, like, filters }) {
  if (!like) return words ? `“${words}”` : Object.keys(filters).length ? "A selection" : "All paintings";
  return `Like ${like.name || "this picture"}${words && ", but "}${words}${without && ", without "}${without}`;
}

export const FILTER_NAMES = FILTERS.slice(0, 6);

// The filters in words: [[names, "Artist: Claude Monet"], [["year_from", "year_to"], "1800 to 1850"]].
export function filtersInWords(filters) {
  const { year_from: from, year_to: to, where = {} } = filters;
  const years = from && to ? `${from} to ${to}` : from ? `From ${from}` : to && `Until ${to}`;
  const listed = FILTER_NAMES.map((name) => [[name], filters[name] && `${fieldName(name)}: ${filters[name]}`]);
  const other = where.trim?.() ?? Object.entries(where).map((pair) => pair.join(": ")).join(", ");
  return [...listed, [["year_from", "year_to"], years], [["where"], other]].filter(([, text]) => text);
}

export function fieldName(name) {
  return name === "timeframe" ? "Period" : name[0].toUpperCase() + name.slice(1);
}
