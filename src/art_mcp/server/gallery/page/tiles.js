// The parts of a picture that are on the screen, as fine as the screen. At each level, a tile has half of the pixels per
// side of the picture that it has at the level before.
const SIDE = 512;  // pixels of a tile at the most; about 60 KB
const TILES = 48;  // kept decoded, 1 MB each
const REQUESTS = 3;  // at once
const SETTLED = 150;  // ms without movement, after which tiles are fetched
const AGAIN = 10_000;  // ms, after which a tile that did not come is asked for again
const LEAST = 0.2;  // of a pixel, added to where a region begins: a product of fractions may be rounded down to the one before

// A point is [x, y]. This computes one from the x of several points, and from their y.
export const zip = (compute, ...points) => [0, 1].map((axis) => compute(...points.map((point) => point[axis])));

// draw(): tiles have arrived. failed(): one has not.
export function tilesOf(pictures, id, draw, failed) {
  const kept = new Map();  // key → {bitmap, corners, level}; the least recently seen first
  const asked = new Set();  // keys of tiles that are on their way, or did not come
  let wanted = [], requests = 0, timer = 0;

  async function load() {
    const tile = requests < REQUESTS && wanted.shift();
    if (!tile) return;
    const { key, region, size } = tile;
    requests += 1;
    asked.add(key);
    load();
    try {
      tile.bitmap = await createImageBitmap(await pictures.region(id, region, size));
      asked.delete(key);
      kept.set(key, tile);
      if (kept.size > TILES) kept.delete(kept.keys().next().value);
      draw();
    } catch {
      failed();
      setTimeout(() => asked.delete(key), AGAIN);
    }
    requests -= 1;
    load();
  }

  return {
    // The tiles to draw, in order; what is missing is fetched.
    // sides: of the kept picture, in pixels. fine: screen pixels for one of these. seen: corners in fractions.
    // enough: pixels of the longer side that can be drawn without tiles.
    at(sides, fine, seen, enough) {
      const level = Math.max(0, Math.floor(0.01 - Math.log2(fine))), missing = [];
      const [columns, rows] = zip((side, from, to) => cuts(side, level, from, to), sides, ...seen);
      for (const row of enough < Math.max(...sides) * Math.min(1, fine) - 1 ? rows : []) {
        for (const column of columns) {
          const key = [level, ...sides, column, row].join(), tile = kept.get(key);
          if (tile) {
            kept.delete(key);
            kept.set(key, tile);
          } else if (!asked.has(key)) {
            const corners = zip((...corner) => zip((at, side) => at / side, corner, sides), column, row);
            const start = zip((at, side) => at + LEAST / side, corners[0], sides);
            const lengths = zip((from, to, at) => Math.min(to - from, 1 - at), ...corners, start);
            const size = Math.ceil(Math.max(column[1] - column[0], row[1] - row[0]) / 2 ** level);
            missing.push({ key, level, corners, size, region: [...start, ...lengths].map((part) => part.toFixed(7)).join() });
          }
        }
      }
      clearTimeout(timer);
      timer = setTimeout(() => {
        wanted = missing;
        load();
      }, SETTLED);
      const order = (tile) => (tile.level === level ? -1 : tile.level);
      return [...kept.values()].sort((one, other) => order(other) - order(one));
    },
    close() {
      clearTimeout(timer);
      wanted = [];
    },
  };
}

// Where the tiles between two fractions of a side begin and end, in pixels of the kept picture.
function cuts(side, level, from, to) {
  const count = Math.ceil(side / 2 ** level / SIDE), edge = (number) => Math.round((number * side) / count);
  return [...Array(count).keys()].map((number) => [edge(number), edge(number + 1)])
    .filter(([start, end]) => end > from * side && start < to * side);
}
