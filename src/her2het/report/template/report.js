"use strict";
// The page reads without this script; it adds finding, hovering, sorting, filtering, numbers, copying and saving.
const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);
const make = (tag, properties = {}, ...children) => { const e = Object.assign(document.createElement(tag), properties); e.append(...children); return e; };
for (const part of all(".find, .theme, .filters, .copy, button[data-save]")) part.hidden = false;

// Contents: closed on a small screen; the part in view is marked.
const narrow = matchMedia("(max-width: 999px)");
const fold = one(".contents details");
const fit = () => { fold.open = !narrow.matches; };
narrow.addEventListener("change", fit);
fit();
fold.addEventListener("click", event => { if (narrow.matches && event.target.closest("a")) fold.open = false; });
const entry = new Map(all(".contents a").map(a => [decodeURIComponent(a.hash.slice(1)), a]));
const inView = new IntersectionObserver(changes => {
  for (const { target, isIntersecting } of changes) {
    if (!isIntersecting || !entry.has(target.id)) continue;
    all(".contents [aria-current]").forEach(a => a.removeAttribute("aria-current"));
    entry.get(target.id).setAttribute("aria-current", "true");
  }
}, { rootMargin: "-20% 0px -70% 0px" });
all("main section[id], .panel[id]").forEach(part => inView.observe(part));

// Light or dark: the system's choice until the reader makes one.
one(".theme").addEventListener("click", () => {
  const root = document.documentElement.style;
  const dark = root.colorScheme ? root.colorScheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.colorScheme = dark ? "light" : "dark";
});

// Numbers of a panel: made into a table when they are opened.
const minus = text => text.replace("-", "−");
const kept = new Map();
function numbers(panel) {
  if (!kept.has(panel)) {
    const data = JSON.parse(one(".numbers-data", panel).textContent);
    const values = data.values.map(column => column.words ? column.at.map(at => column.words[at]) : column);
    data.rows = Array.from({ length: data.length }, (_, row) => values.map(column => column[row]));
    kept.set(panel, data);
  }
  return kept.get(panel);
}
function decimals(values) {
  const known = values.filter(Number.isFinite);
  if (known.every(Number.isInteger)) return 0;
  const spread = Math.max(...known) - Math.min(...known) || Math.abs(known[0]) || 1;
  return Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(spread))));
}
function rowsOf(data, places, from, to) {
  return data.rows.slice(from, to).map(row => {
    const keys = data.names.map(at => row[at]).filter(Boolean);
    const cells = row.map((value, at) => {
      const number = data.kinds[at] === "num" && value !== null;
      const text = value === null ? "–" : number ? minus(value.toFixed(places[at])) : value === true ? "yes" : value === false ? "no" : String(value);
      const cell = make(at ? "td" : "th", { textContent: text, className: data.kinds[at] === "num" ? "num" : "" });
      if (!at) cell.scope = "row";
      cell.dataset.value = value ?? "";
      return cell;
    });
    const line = make("tr", {}, ...cells);
    if (keys.length) { line.dataset.key = keys.join("\n"); know(line); }
    return line;
  });
}
const MOST = 500;
function showNumbers(panel) {
  const place = one(".numbers-place", panel), data = numbers(panel);
  if (one("table", place)) return;
  const places = data.columns.map((_, at) => data.kinds[at] === "num" ? decimals(data.rows.map(row => row[at])) : 0);
  const heads = data.columns.map((name, at) => {
    const head = make("th", { scope: "col", textContent: name.replaceAll("_", " "), className: data.kinds[at] === "num" ? "num" : "" });
    head.dataset.sort = data.kinds[at] === "num" ? "number" : "text";
    return head;
  });
  const body = make("tbody", {}, ...rowsOf(data, places, 0, MOST));
  const table = make("table", { className: "sortable" }, make("caption", { className: "visually-hidden", textContent: `Numbers of panel ${panel.dataset.panel}` }), make("thead", {}, make("tr", {}, ...heads)), body);
  const box = make("div", { className: "table-scroll", tabIndex: 0 }, table);
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", `Numbers of panel ${panel.dataset.panel}`);
  place.replaceChildren(box);
  sortable(table);
  if (data.rows.length > MOST) {
    const more = make("button", { type: "button", className: "link more", textContent: `Show all ${data.rows.length} rows` });
    more.addEventListener("click", () => { body.append(...rowsOf(data, places, MOST)); more.remove(); light(); });
    place.append(more);
  }
  light();
}
document.addEventListener("toggle", event => { if (event.target.matches?.(".numbers-fold") && event.target.open) showNumbers(event.target.closest(".panel")); }, true);

// Find: light up one gene, patient or sample wherever it is drawn or listed.
const marks = new Map();
function know(element) {
  for (const key of element.dataset.key.split("\n")) {
    if (!key) continue;
    const name = key.toUpperCase();
    if (!marks.has(name)) marks.set(name, { key, elements: [] });
    marks.get(name).elements.push(element);
  }
}
for (const mark of all(".drawing [data-tip]:not([data-key])")) mark.dataset.key = mark.dataset.tip.split("\n")[0];  // left out where it is the same
all("[data-key]").forEach(know);
one("#names").append(...[...marks.values()].slice(0, 5000).map(({ key }) => make("option", { value: key })));
let sought = "";
function light() {
  all(".lit, .searching, .has-hit").forEach(e => e.classList.remove("lit", "searching", "has-hit"));
  const hits = marks.get(sought.toUpperCase())?.elements ?? [];
  const panels = new Set();
  for (const hit of hits) {
    hit.classList.add("lit");
    const panel = hit.closest(".panel");
    if (panel) panels.add(panel);
    hit.closest("svg")?.classList.add("searching");
  }
  panels.forEach(panel => entry.get(panel.id)?.classList.add("has-hit"));
  return panels;
}
function find(text) {
  sought = text.trim();
  const panels = light();
  const listed = panels.size === 0 && sought && all(".numbers-data").filter(e => e.textContent.toUpperCase().includes(JSON.stringify(sought.toUpperCase()))).map(e => e.closest(".panel"));
  one("#found").replaceChildren(...(panels.size ? told("is in", panels) : listed && listed.length ? told("is drawn in no panel; it is among the numbers of", listed) : sought.length > 2 ? [`${sought} is in no panel of this report.`] : []));
}
function told(words, panels) {
  const links = [...panels].map(panel => make("a", { href: `#${panel.id}`, textContent: panel.dataset.panel }));
  return [`${sought} ${words}${links.length > 1 ? ` ${links.length} panels` : ""}:`, ...links];
}
const box = one("#find");
box.addEventListener("input", () => find(box.value));
one(".find").addEventListener("submit", event => { event.preventDefault(); find(box.value); });
const asked = new URLSearchParams(location.search).get("find");
if (asked) { box.value = asked; find(asked); }

// Hover: a mark says what it is. On a focused figure the arrow keys go from mark to mark.
const tip = one(".tip");
function place(x, y) {
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.max(4, Math.min(x + 14, innerWidth - width - 8)), top = y + 16 + height > innerHeight ? y - height - 12 : y + 16;
  tip.style.transform = `translate(${left}px, ${top}px)`;
}
document.addEventListener("pointerover", event => {
  const mark = event.target.closest?.("[data-tip]");
  tip.hidden = !mark;
  if (mark) tip.textContent = mark.dataset.tip;
});
document.addEventListener("pointermove", ({ clientX: x, clientY: y }) => { if (!tip.hidden) place(x, y); });
document.addEventListener("keydown", event => {
  if (event.key === "Escape") { tip.hidden = true; return; }
  const drawing = event.target.closest?.(".drawing"), step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!drawing || drawing !== event.target || !step) return;
  const points = all("[data-tip]", drawing).filter(e => !sought || !one(".lit", drawing) || e.classList.contains("lit"));
  if (!points.length) return;
  event.preventDefault();
  const now = points.findIndex(e => e.classList.contains("at"));
  const next = points[now < 0 ? (step > 0 ? 0 : points.length - 1) : (now + step + points.length) % points.length];
  all(".at").forEach(e => e.classList.remove("at"));
  next.classList.add("at");
  const { right, bottom } = next.getBoundingClientRect();
  tip.textContent = one("#spoken").textContent = next.dataset.tip;
  tip.hidden = false;
  place(right - 14, bottom - 12);
});
document.addEventListener("focusout", event => { if (event.target.matches?.(".drawing")) { tip.hidden = true; all(".at").forEach(e => e.classList.remove("at")); } });

// Tables: sort by a column; missing values stay last.
function sortable(table) {
  for (const head of all("thead th[data-sort]", table)) {
    const text = head.firstChild, button = make("button", { type: "button", className: "sort", textContent: text.textContent.trim() });
    head.dataset.text = button.textContent;
    text.replaceWith(button);
    button.addEventListener("click", () => {
      const turn = head.ariaSort === "ascending" ? -1 : 1, column = head.cellIndex, numeric = head.dataset.sort === "number";
      all("thead th", table).forEach(th => th.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", turn > 0 ? "ascending" : "descending");
      const value = ({ cells: { [column]: cell } }) => cell.dataset.value ?? cell.firstChild?.textContent ?? "", absent = v => v === "" || v === "nan";
      const order = (a, b) => absent(a) || absent(b) ? absent(a) - absent(b) : turn * (numeric ? a - b : a.localeCompare(b, undefined, { numeric: true }));
      const body = table.tBodies[0];
      body.append(...[...body.rows].sort((a, b) => order(value(a), value(b))));
      table.dispatchEvent(new Event("sorted"));
    });
  }
}
all("table.sortable").forEach(sortable);

// Key findings: filter by word, section and q.
const filters = one(".filters");
if (filters) {
  const body = one(".findings").tBodies[0], more = one(".more-findings"), FIRST = 12;
  let whole = body.rows.length <= FIRST + 3;
  const filter = () => {
    const word = one(".filter-text").value.toLowerCase(), section = one(".filter-section").value, strict = one(".filter-q").checked;
    for (const row of body.rows) row.hidden = !(row.textContent.toLowerCase().includes(word) && (!section || row.dataset.section === section) && (!strict || row.dataset.q < 0.05));
    const kept = all("tr:not([hidden])", body);
    [...body.rows].forEach(row => row.classList.remove("beyond"));
    if (!whole) kept.slice(FIRST).forEach(row => row.classList.add("beyond"));
    more.hidden = whole || kept.length <= FIRST;
    more.textContent = `Show all ${kept.length} findings`;
    one(".filter-count").value = `${kept.length} of ${body.rows.length} findings`;
  };
  more.addEventListener("click", () => { whole = true; filter(); });
  one(".findings").addEventListener("sorted", filter);
  filters.addEventListener("input", filter);
  filters.addEventListener("submit", event => event.preventDefault());
  filter();
}

// Copy a command; follow a file that lies beside the page, else make it from the page itself.
document.addEventListener("click", async event => {
  const copy = event.target.closest(".copy"), save = event.target.closest("[data-save]");
  if (copy) {
    const code = one("code", copy.parentElement);
    try { await navigator.clipboard.writeText(code.textContent); copy.textContent = "Copied"; }
    catch { getSelection().selectAllChildren(code); copy.textContent = "Selected"; }
    setTimeout(() => { copy.textContent = "Copy"; }, 1500);
  } else if (save) {
    const panel = save.closest(".panel"), kind = save.dataset.save, href = save.getAttribute("href");
    if (href) event.preventDefault();
    if (href && await beside(panel)) { make("a", { href, target: "_blank", rel: "noopener", download: href.split("/").pop() }).click(); return; }
    if (kind === "pdf") { one("#found").textContent = `${href} does not lie beside this copy of the page. SVG and PNG can be saved from the page.`; return; }
    download(`${panel.dataset.name}.${kind}`, await { svg: asSvg, png: asPng, tsv: asTsv }[kind](panel));
  }
});
async function beside(panel) {
  const png = one('a[data-save="png"]', panel);
  if (!png) return false;
  try { await Object.assign(new Image(), { src: png.href }).decode(); return true; } catch { return false; }
}
function asSvg(panel) {
  const svg = one(".drawing svg", panel).cloneNode(true);
  const looks = new Map([...one("style").textContent.matchAll(/\.(_\w+)\{([^}]*)\}/g)].map(([, name, look]) => [name, look]));
  for (const e of all("[class]", svg).concat(svg)) {
    const look = [...e.classList].map(name => looks.get(name)).find(Boolean);
    if (look) e.setAttribute("style", look);
    e.removeAttribute("class");
  }
  const [, , width, height] = svg.getAttribute("viewBox").split(" ");
  svg.setAttribute("width", `${width}pt`);
  svg.setAttribute("height", `${height}pt`);
  all("[style]", svg).concat(svg).forEach(e => e.setAttribute("style", e.getAttribute("style").replace(/var\(--[\w-]+, (#[0-9a-f]{6})\)/g, "$1")));
  return new Blob([new XMLSerializer().serializeToString(svg)], { type: "image/svg+xml" });
}
async function asPng(panel) {
  const image = new Image();
  image.src = URL.createObjectURL(asSvg(panel));
  await image.decode();
  const scale = 600 / 96, canvas = make("canvas", { width: image.width * scale, height: image.height * scale });
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise(done => canvas.toBlob(done, "image/png"));
}
function asTsv(panel) {
  const { columns, rows } = numbers(panel), lines = [columns, ...rows].map(row => row.map(value => value ?? "").join("\t"));
  return new Blob([`${lines.join("\n")}\n`], { type: "text/tab-separated-values" });
}
function download(name, blob) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// Print: methods are shown in full.
addEventListener("beforeprint", () => all(".method").forEach(e => { e.dataset.was = e.open; e.open = true; }));
addEventListener("afterprint", () => all(".method").forEach(e => { e.open = e.dataset.was === "true"; }));
