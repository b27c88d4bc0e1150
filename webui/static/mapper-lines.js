// Lines between source and target fields: one path for all of a kind. A row's place is its number among the rows shown
// times the height of a row, so nothing is measured; an end whose row is folded away goes to the nearest row around it.

const ROW = 30;

class Lines {
  ROW = ROW;
  #svg = null;
  #source = [];
  #target = [];
  #place = new Map();
  #pairs = [];
  #on = null;
  #due = 0;

  wake(svg) {
    this.#svg = svg;
  }

  /** Number the rows shown, and say for every line which row each end hangs on. */
  lay(source, target) {
    this.#source = source;
    this.#target = target;
    this.#place = new Map();
    const ends = this.#numbered(source), others = this.#numbered(target);
    this.#pairs = [];
    for (const node of target) {
      for (const read of JSON.parse(node.dataset.reads)) {
        const from = ends.get(JSON.stringify(read));
        if (from) this.#pairs.push({ from: from.hang, to: others.get(node.dataset.names).hang, source: from.node, target: node });
      }
    }
    this.draw();
  }

  /** By name: the row, and the shown row that stands for it. */
  #numbered(all) {
    const told = new Map(), path = [];
    let place = 0;
    for (const node of all) {
      const depth = Number(node.getAttribute("aria-level"));
      path.length = depth - 1;
      path.push(node);
      if (!node.hidden) this.#place.set(node, place++);
      const hang = path.findLast((one) => !one.hidden);
      told.set(node.dataset.names, { node, hang });
    }
    return told;
  }

  row(node) {
    return this.#place.get(node) ?? 0;
  }

  /** The row whose lines stand out. */
  mark(node) {
    this.#on = node;
    this.later();
  }

  later() {
    this.#due ||= requestAnimationFrame(() => { this.#due = 0; this.draw(); });
  }

  draw() {
    const svg = this.#svg;
    if (!svg || !this.#source.length || !this.#target.length || !svg.clientWidth) return;
    const box = svg.getBoundingClientRect();
    const left = this.#edge(this.#source[0].parentElement, box), right = this.#edge(this.#target[0].parentElement, box);
    const paths = ["", "", ""], width = box.width, bend = width / 2;
    for (const pair of this.#pairs) {
      if (!pair.from || !pair.to) continue;
      const y = this.#y(pair.from, left), z = this.#y(pair.to, right);
      if (y.off && z.off && y.off === z.off) continue;
      const on = pair.source === this.#on || pair.target === this.#on;
      const kind = on ? 2 : pair.target.classList.contains("node--wrong") ? 1 : 0;
      paths[kind] += `M0 ${y.at}C${bend} ${y.at} ${bend} ${z.at} ${width} ${z.at}`;
    }
    const [plain, wrong, marked] = svg.children;
    plain.setAttribute("d", paths[0]);
    wrong.setAttribute("d", paths[1]);
    marked.setAttribute("d", paths[2]);
  }

  #edge(rows, box) {
    const { top, height } = rows.getBoundingClientRect();
    return { top: top - box.top + rows.clientTop, height, scroll: rows.scrollTop };
  }

  /** The middle of a row in the gutter; off screen at the edge of its pane. */
  #y(node, edge) {
    const at = this.#place.get(node) * ROW + ROW / 2 - edge.scroll;
    const off = at < 0 ? -1 : at > edge.height ? 1 : 0;
    return { at: edge.top + Math.min(Math.max(at, 0), edge.height), off };
  }

  /** For tests: each line with the rows it hangs on and where its ends are drawn. */
  told() {
    const box = this.#svg.getBoundingClientRect();
    const left = this.#edge(this.#source[0].parentElement, box), right = this.#edge(this.#target[0].parentElement, box);
    return this.#pairs.filter((pair) => pair.from && pair.to).map((pair) => ({
      from: pair.from, to: pair.to, y: this.#y(pair.from, left), z: this.#y(pair.to, right), top: box.top,
    }));
  }
}

export const lines = new Lines();
