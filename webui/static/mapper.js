// The mapping editor's hands and eyes. What is true stands on the server: every deed here sends the form that a page
// without scripts sends, and shows what comes back. Kept here: what is folded, found, picked and focused.

const mapper = document.getElementById("mapper");
const { lines } = await import(mapper.dataset.lines);
const $ = (one, within = mapper) => within.querySelector(one);
const $$ = (one, within = mapper) => [...within.querySelectorAll(one)];
const state = { folded: new Set(), sought: { source: "", target: "" }, kind: "", picked: null, at: null };
let busy = Promise.resolve();

// -- rows: which are shown, and where -------------------------------------------------------------------------------

const nodes = (pane) => $$(`[data-pane="${pane}"] > .node`);
const keyOf = (node) => node.dataset.names;
const pane = (node) => node.parentElement.dataset.pane;
const nodeOf = (name, key) => nodes(name).find((node) => keyOf(node) === key);
const level = (node) => Number(node.ariaLevel ?? node.getAttribute("aria-level"));

/** Hide what is folded away or not sought; what stays keeps the fields around it. */
function arrange() {
  for (const name of ["source", "target"]) {
    const word = state.sought[name].toLowerCase(), all = nodes(name), kind = name === "target" ? state.kind : "";
    const kept = new Set(), path = [];
    for (const node of all) {
      path.length = level(node) - 1;
      path.push(node);
      const fits = (!word || node.textContent.toLowerCase().includes(word) || keyOf(node).toLowerCase().includes(word) || node.dataset.initials.includes(word))
        && (!kind || node.dataset.kinds.split(" ").includes(kind));
      if (fits) for (const one of path) kept.add(one);
    }
    let hidden = Infinity;
    for (const node of all) {
      if (level(node) <= hidden) hidden = Infinity;
      node.hidden = hidden < level(node) || !kept.has(node);
      const folded = !word && !kind && state.folded.has(name + keyOf(node));
      if (node.hasAttribute("aria-expanded")) node.setAttribute("aria-expanded", String(!folded));
      if (folded && hidden === Infinity) hidden = level(node);
    }
  }
  lines.lay(nodes("source"), nodes("target"), state);
}

function fold(node, shut) {
  const key = pane(node) + keyOf(node);
  shut ? state.folded.add(key) : state.folded.delete(key);
  arrange();
}

// -- deeds: each is one form sent ------------------------------------------------------------------------------------

/** Send one edit after the one under way; `fields` are names and values, a list for a name that comes often. */
function send(fields, form = document.getElementById("op")) {
  busy = busy.then(async () => {
    const body = new FormData(form);
    for (const [name, value] of Object.entries(fields)) {
      for (const one of [value].flat()) body.append(name, one);
    }
    body.set("revision", $("#work").dataset.revision);
    if (body.has("to")) state.at = JSON.stringify(body.getAll("to"));
    await show(withField(form.action), { method: "POST", body: new URLSearchParams(body) });
  });
  return busy;
}

/** Put what the server says in the place of what is there; scrolling, focus and folding stay. */
async function show(address, how = {}) {
  let text;
  try {
    const reply = await fetch(address, { ...how, headers: { "HX-Request": "true" }, redirect: "follow" });
    if (reply.redirected && reply.url.includes("/login")) return location.reload();
    text = await reply.text();
  } catch {
    $(".mapper__told").replaceChildren(Object.assign(document.createElement("p"), { className: "banner banner--fault", textContent: mapper.dataset.wait }));
    return;
  }
  const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("work");
  if (!fresh) return location.reload();
  const tops = ["source", "target"].map((name) => $(`[data-pane="${name}"]`).scrollTop);
  const focused = document.activeElement?.closest?.(".node");
  const filled = document.activeElement?.closest?.("#fill");
  const [where, key] = focused ? [pane(focused), keyOf(focused)] : filled ? ["target", state.at] : [];
  $("[data-kept]", fresh)?.replaceWith($('[data-pane="source"]'));
  $("#work").replaceWith(fresh);
  wake();
  ["source", "target"].forEach((name, place) => { $(`[data-pane="${name}"]`).scrollTop = tops[place]; });
  if (where) focus(nodeOf(where, key), false);
  $("#ask button")?.focus();
}

const names = (node) => JSON.parse(keyOf(node));
const place = (source, target) => { drop(); return send({ deed: "place", to: names(target), source: names(source) }); };

function select(target) {
  state.at = keyOf(target);
  return show(withField(target.href));
}

/** The address of the page with the field that is worked on. */
function withField(address) {
  const where = new URL(address, location);
  where.hash = "";
  if (state.at) where.searchParams.set("at", JSON.parse(state.at).join("."));
  return where;
}

async function edit(target, how) {
  await select(target);
  const form = document.getElementById("fill");
  if (!form) return;
  if (how) form.elements.how.value = how;
  form.elements.content.focus();
  form.elements.content.select();
}

// -- picking: a source field in hand ---------------------------------------------------------------------------------

function pick(node) {
  drop();
  state.picked = keyOf(node);
  node.classList.add("node--picked");
  tell(mapper.dataset.picked.replace("{field}", node.dataset.title));
}

function drop() {
  state.picked = null;
  for (const node of $$(".node--picked")) node.classList.remove("node--picked");
  tell("");
}

function tell(words) {
  const told = $(".mapper__told");
  if (words) told.replaceChildren(Object.assign(document.createElement("p"), { className: "note", textContent: words }));
  else if (told.querySelector(".note")) told.replaceChildren();
}

// -- the pointer: drag, or click and click ---------------------------------------------------------------------------

let drag = null;

mapper.addEventListener("pointerdown", (event) => {
  const node = event.target.closest?.(".node--source");
  if (!node || event.button !== 0 || event.target.closest(".node__fold")) return;
  drag = { node, x: event.clientX, y: event.clientY, ghost: null, over: null, pointer: event.pointerId };
});

addEventListener("pointermove", (event) => {
  if (!drag || event.pointerId !== drag.pointer) return;
  if (!drag.ghost) {
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < 6) return;
    drag.ghost = Object.assign(document.createElement("div"), { className: "drag", textContent: drag.node.dataset.title });
    document.body.append(drag.ghost);
    pick(drag.node);
  }
  event.preventDefault();
  drag.ghost.style.transform = `translate(${event.clientX + 12}px, ${event.clientY + 8}px)`;
  const over = document.elementFromPoint(event.clientX, event.clientY);
  scrollNear(over?.closest?.(".pane__rows"), event.clientY);
  const target = over?.closest?.(".node--target");
  if (target === drag.over) return;
  drag.over?.classList.remove("node--drop");
  drag.over = target;
  target?.classList.add("node--drop");
}, { passive: false });

addEventListener("pointerup", (event) => {
  if (!drag || event.pointerId !== drag.pointer) return;
  const { node, ghost, over } = drag;
  end();
  if (ghost) {
    swallow = true;
    setTimeout(() => { swallow = false; });
    over ? place(node, over) : drop();
  }
});

addEventListener("pointercancel", () => { if (drag) { end(); drop(); } });

function end() {
  drag.ghost?.remove();
  drag.over?.classList.remove("node--drop");
  drag = null;
}

/** Near its upper or lower edge a pane goes on by itself. */
function scrollNear(rows, y) {
  if (!rows) return;
  const { top, bottom } = rows.getBoundingClientRect();
  if (y < top + 24) rows.scrollTop -= 12;
  if (y > bottom - 24) rows.scrollTop += 12;
}

let swallow = false;

mapper.addEventListener("click", (event) => {
  if (swallow) return event.preventDefault();
  const node = event.target.closest(".node"), kind = event.target.closest(".kind");
  if (node && event.target.closest(".node__fold") && node.hasAttribute("aria-expanded")) {
    event.preventDefault();
    return fold(node, node.getAttribute("aria-expanded") === "true");
  }
  if (node?.matches(".node--source")) {
    focus(node, false);
    return state.picked === keyOf(node) ? drop() : pick(node);
  }
  if (node) {
    event.preventDefault();
    focus(node, false);
    const source = state.picked && nodeOf("source", state.picked);
    return source ? place(source, node) : select(node);
  }
  if (kind) {
    state.kind = kind.dataset.kind;
    for (const one of $$(".kind")) one.setAttribute("aria-pressed", String(one === kind));
    return arrange();
  }
  const away = event.target.closest("[data-step], [data-cancel]");
  if (away) {
    event.preventDefault();
    show(withField(away.href));
  }
});

mapper.addEventListener("submit", (event) => {
  const form = event.target, button = event.submitter;
  if (form.method !== "post") return;
  event.preventDefault();
  if (button?.dataset.deed) return send({ deed: button.dataset.deed });
  send(button?.name ? { [button.name]: button.value } : {}, form);
});

mapper.addEventListener("input", (event) => {
  const find = event.target.dataset.find;
  if (!find) return;
  state.sought[find] = event.target.value.trim();
  arrange();
});

// -- keys -------------------------------------------------------------------------------------------------------------

function focus(node, scroll = true) {
  if (!node) return;
  for (const one of $$('.node[tabindex="0"]', node.parentElement)) one.tabIndex = -1;
  node.tabIndex = 0;
  node.focus({ preventScroll: true });
  if (scroll) reveal(node);
  lines.mark(node);
}

function reveal(node) {
  const rows = node.parentElement, row = lines.row(node) * lines.ROW;
  if (row < rows.scrollTop) rows.scrollTop = row;
  else if (row + lines.ROW > rows.scrollTop + rows.clientHeight) rows.scrollTop = row + lines.ROW - rows.clientHeight;
}

const shownOf = (name) => nodes(name).filter((node) => !node.hidden);

function step(node, by) {
  const all = shownOf(pane(node)), next = all[all.indexOf(node) + by];
  focus(next ?? node);
}

function seek(fits, by = 1) {
  const all = shownOf("target"), from = document.activeElement?.closest?.(".node--target");
  const ring = by > 0 ? [...all, ...all] : [...all, ...all].reverse();
  const begin = from ? ring.indexOf(from) + 1 : 0;
  focus(ring.slice(begin).find(fits));
}

function across(node) {
  const key = keyOf(node);
  const other = pane(node) === "source"
    ? nodes("target").find((one) => JSON.parse(one.dataset.reads).some((read) => JSON.stringify(read) === key))
    : nodeOf("source", JSON.stringify(JSON.parse(node.dataset.reads)[0] ?? []));
  if (other) { unfold(other); focus(other); }
}

function unfold(node) {
  const all = nodes(pane(node));
  for (let place = all.indexOf(node), depth = level(node); place >= 0; place -= 1) {
    if (level(all[place]) < depth) { depth = level(all[place]); state.folded.delete(pane(node) + keyOf(all[place])); }
  }
  arrange();
}

const open = (node) => node.matches('[data-kinds~="open"]');
const KEYS = {
  ArrowDown: (node) => step(node, 1),
  ArrowUp: (node) => step(node, -1),
  Home: (node) => focus(shownOf(pane(node))[0]),
  End: (node) => focus(shownOf(pane(node)).at(-1)),
  ArrowRight: (node) => {
    if (node.getAttribute("aria-expanded") === "false") fold(node, false);
    else if (node.hasAttribute("aria-expanded")) step(node, 1);
    else if (pane(node) === "source") across(node);
  },
  ArrowLeft: (node) => {
    if (node.getAttribute("aria-expanded") === "true") return fold(node, true);
    const all = nodes(pane(node)), depth = level(node);
    focus(all.slice(0, all.indexOf(node)).reverse().find((one) => level(one) < depth) ?? node);
  },
  Enter: (node) => {
    if (pane(node) === "source") { pick(node); return focus(resting("target")); }
    const source = state.picked && nodeOf("source", state.picked);
    return source ? place(source, node) : edit(node);
  },
  g: across,
  i: (node) => pane(node) === "target" && send({ deed: "ignore", to: names(node) }),
  "=": (node) => pane(node) === "target" && edit(node, "value"),
  F2: (node) => pane(node) === "target" && edit(node, "formula"),
  Delete: (node) => pane(node) === "target" && send({ deed: "clear", to: names(node) }),
};
KEYS[" "] = KEYS.Enter;
const ANYWHERE = {
  n: () => seek(open), p: () => seek(open, -1), e: () => seek((node) => node.matches(".node--wrong")),
  "/": () => $(".pane__find").focus(),
  "?": () => document.getElementById("keys").showModal(),
  "[": () => $('[data-step="-1"]')?.click(), "]": () => $('[data-step="1"]')?.click(),
};

/** Where a pane was left, else its first row. */
const resting = (name) => nodes(name).find((node) => node.tabIndex === 0 && !node.hidden) ?? shownOf(name)[0];

addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  const typing = event.target.matches?.("input, textarea, select"), node = event.target.closest?.(".node");
  if (event.key === "Escape") {
    if (typing && event.target.dataset.find) { event.target.value = ""; event.target.dispatchEvent(new Event("input", { bubbles: true })); }
    else if (typing) focus(nodes("target").find((one) => keyOf(one) === state.at));
    return drop();
  }
  if ((event.ctrlKey || event.metaKey) && !event.altKey && !typing) {
    const deed = event.key === "z" && !event.shiftKey ? "back" : event.key === "y" || event.key === "Z" ? "again" : "";
    if (deed) { event.preventDefault(); send({ deed }); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (typing) {
    if (event.target.dataset.find && event.key === "ArrowDown") { event.preventDefault(); focus(shownOf(event.target.dataset.find)[0]); }
    return;
  }
  const deed = (node && KEYS[event.key]) || ANYWHERE[event.key];
  if (!deed) return;
  event.preventDefault();
  deed(node);
});

mapper.addEventListener("focusin", (event) => {
  const node = event.target.closest?.(".node");
  if (node) lines.mark(node);
});

// -- waking up --------------------------------------------------------------------------------------------------------

const heard = new WeakSet();

/** After each swap: listeners of what is new, marks of what was picked, lines. */
function wake() {
  for (const name of ["source", "target"]) {
    const rows = $(`[data-pane="${name}"]`), find = $(`[data-find="${name}"]`);
    if (!heard.has(rows)) rows.addEventListener("scroll", () => lines.later(), { passive: true });
    heard.add(rows);
    find.value = state.sought[name];
    (nodes(name).find((node) => node.getAttribute("aria-selected") === "true") ?? nodes(name)[0])?.setAttribute("tabindex", "0");
  }
  for (const one of $$(".kind")) one.setAttribute("aria-pressed", String(one.dataset.kind === state.kind));
  if (state.picked) nodeOf("source", state.picked)?.classList.add("node--picked");
  const read = new Set(nodes("target").flatMap((node) => JSON.parse(node.dataset.reads).map((one) => JSON.stringify(one))));
  for (const node of nodes("source")) node.classList.toggle("node--used", read.has(JSON.stringify(names(node))));
  lines.wake($(".gutter"));
  arrange();
}

new ResizeObserver(() => lines.later()).observe(mapper);
state.at = $('.node--target[aria-selected="true"]')?.dataset.names ?? null;
wake();
mapper.dataset.awake = "true";
