// Small helpers for the dashboard's components: keyboard, clipboard, scroll, downloads.
const goTo = { o: "/", l: "/leaderboard", r: "/runs", c: "/compare", q: "/queue", m: "/methods", d: "/datasets", s: "/studies", t: "/trash" };
// When the keys were pressed, not when a busy page came to handle them.
let pendingGo = 0;
let host = null;

function typing(target) {
  return target instanceof HTMLElement
    && (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), textarea, select"));
}

// Lists of runs: each row has a link that opens it, and the row whose link or button has the focus is the current one.
const rowLink = ".run-name, td.run a";

function listRows() {
  return [...document.querySelectorAll(".lab-grid tbody tr, table.groups tbody tr, table.runs tbody tr")].filter(row => row.querySelector(rowLink));
}

function currentRow() {
  return listRows().find(row => row.contains(document.activeElement));
}

function moveRow(step) {
  const rows = listRows();
  const current = rows.findIndex(row => row.contains(document.activeElement));
  const next = rows[current < 0 ? 0 : Math.min(Math.max(current + step, 0), rows.length - 1)];
  if (!next) { return false; }
  next.querySelector(rowLink).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  return true;
}

// What a key does in a list; false when there is nothing it could be done to.
const listKeys = {
  j: () => moveRow(1),
  k: () => moveRow(-1),
  x: () => press(currentRow()?.querySelector("input.box")),
  c: () => press(document.querySelector("a[data-compare]")),
  Enter: () => !document.activeElement.matches("a, button") && press(currentRow()?.querySelector(rowLink)),
  ".": () => {
    const action = currentRow()?.querySelector("[data-actions] button");
    action?.focus();
    return !!action;
  },
};

function press(element) {
  element?.click();
  return !!element;
}

function onKey(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) { return; }
  if (document.querySelector(".mud-dialog")) { return; }
  if (pendingGo && event.timeStamp - pendingGo < 1500 && goTo[event.key]) {
    pendingGo = 0;
    event.preventDefault();
    Blazor.navigateTo(goTo[event.key]);
    return;
  }
  pendingGo = event.key === "g" ? event.timeStamp : 0;
  if (event.key === "/") {
    const search = document.querySelector("input[data-search]");
    event.preventDefault();
    if (search) { search.focus(); search.select(); } else { Blazor.navigateTo("/runs"); }
  } else if (event.key === "n") {
    event.preventDefault();
    Blazor.navigateTo("/runs/new");
  } else if (event.key === "?" && host) {
    event.preventDefault();
    host.invokeMethodAsync("OpenHelp");
  } else if (Object.hasOwn(listKeys, event.key) && listKeys[event.key]()) {
    event.preventDefault();
  }
}

function openDropdowns() {
  return document.querySelectorAll("details.dropdown[open]");
}

function onClick(event) {
  for (const menu of openDropdowns()) {
    if (!menu.contains(event.target)) { menu.open = false; }
  }
}

function onEscape(event) {
  if (event.key !== "Escape") { return; }
  const menus = openDropdowns();
  for (const menu of menus) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
  // From a row's actions back to the row.
  if (menus.length === 0 && document.activeElement?.closest("[data-actions]")) { currentRow()?.querySelector(rowLink).focus(); }
}

export function start(reference) {
  host = reference;
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onEscape);
  document.addEventListener("keydown", onKey);
}

export function stop() {
  host = null;
  document.removeEventListener("click", onClick);
  document.removeEventListener("keydown", onEscape);
  document.removeEventListener("keydown", onKey);
}

// What this browser has seen of runs that ended; private modes forget it with the window.
export function seenUntil() {
  try { return localStorage.getItem("lab-seen"); } catch { return null; }
}

export function setSeenUntil(time) {
  try { localStorage.setItem("lab-seen", time); } catch { /* private mode */ }
}

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.appendChild(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

// Keeps a log pinned to its end unless its reader has scrolled up.
export function follow(element) {
  if (element && element.scrollHeight - element.scrollTop - element.clientHeight < 120) {
    element.scrollTop = element.scrollHeight;
  }
}

export function download(name, type, text) {
  save(new Blob([text], { type }), name);
}

function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  document.body.appendChild(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

// The drawing library's component offers no SVG and no scale.
export function savePlot(host, format, width, height, filename) {
  const plot = host.querySelector(".js-plotly-plot");
  return plot && window.Plotly ? window.Plotly.downloadImage(plot, { format, width, height, filename, scale: format === "png" ? 2 : 1 }) : null;
}

// A drawing of our own, as it stands or painted at twice its size.
export async function saveSvg(host, format, filename) {
  const drawing = host.querySelector("svg").cloneNode(true);
  const { width, height } = drawing.viewBox.baseVal;
  drawing.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  drawing.setAttribute("width", width);
  drawing.setAttribute("height", height);
  let blob = new Blob([new XMLSerializer().serializeToString(drawing)], { type: "image/svg+xml" });
  if (format === "png") {
    const url = URL.createObjectURL(blob);
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width * 2, height * 2];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    URL.revokeObjectURL(url);
    blob = await new Promise(done => canvas.toBlob(done, "image/png"));
  }
  save(blob, `${filename}.${format}`);
}

// As TimeWords.Duration words it.
function duration(seconds) {
  const whole = Math.round(seconds);
  if (seconds < 1) { return "<1 s"; }
  if (seconds < 9.95) { return `${Number(seconds.toFixed(1))} s`; }
  if (seconds < 59.5) { return `${whole} s`; }
  if (seconds < 600 && whole % 60 !== 0) { return `${Math.floor(whole / 60)} min ${whole % 60} s`; }
  const minutes = Math.round(seconds / 60);
  if (seconds < 3570) { return `${minutes} min`; }
  if (seconds < 86400) { return `${Math.floor(minutes / 60)} h ${minutes % 60} min`; }
  return `${Math.floor(seconds / 86400)} d ${Math.floor(seconds % 86400 / 3600)} h`;
}

// Time passes here: no message each second to each of those who watch a run. A rendering brings the true value.
const clocks = new WeakMap();
setInterval(() => {
  for (const clock of document.querySelectorAll("[data-elapsed]")) {
    let told = clocks.get(clock);
    if (told?.value !== clock.dataset.elapsed) {
      told = { value: clock.dataset.elapsed, at: performance.now() };
      clocks.set(clock, told);
    }

    const words = duration(Number(told.value) + (performance.now() - told.at) / 1000);
    if (clock.firstChild.data !== words) { clock.firstChild.data = words; }
  }
}, 1000);
