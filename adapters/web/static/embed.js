// The chat on a store's page: a launcher in the corner and, once it is opened, the chat in a frame.
// The server puts `fallback`, `words` and `page` before it. The page's own styles and scripts don't reach inside.
const script = document.currentScript;
if (document.getElementById("crossdesk-chat")) return;
const origin = new URL(script.src).origin;
const TOKEN = "crossdesk.visitor";
const OPEN = "crossdesk.open";

const wanted = [script.dataset.lang, document.documentElement.lang, ...navigator.languages];
const language = wanted.map((tag) => (tag ?? "").slice(0, 2).toLowerCase()).find((code) => code in words) ?? fallback;
const said = words[language];

function stored(storage, key) {
  try {
    return window[storage].getItem(key);
  } catch {
    // Storage is switched off: then each page is a new visit.
    return null;
  }
}

function store(storage, key, value) {
  try {
    if (value === null) window[storage].removeItem(key);
    else window[storage].setItem(key, value);
  } catch {
    // As above.
  }
}

function make(tag, properties, attributes = {}) {
  const element = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

// Important, so that no rule of the page's for all its elements is stronger.
const STYLE = `
  :host { all: initial !important; position: fixed !important; inset-block-end: 0 !important; inset-inline-end: 0 !important; z-index: 2147483000 !important; font: 1rem/1.4 system-ui, sans-serif !important; }
  * { box-sizing: border-box; }
  [hidden] { display: none !important; }
  .launcher { position: fixed; inset-block-end: 1.25rem; inset-inline-end: 1.25rem; display: grid; place-items: center; width: 3.6rem; height: 3.6rem; padding: 0; border: 0; border-radius: 50%; background: #0b5f64; color: #fff; box-shadow: 0 4px 18px rgb(0 0 0 / 30%); cursor: pointer; }
  .launcher:hover { background: #0b5257; }
  .launcher:focus-visible { outline: 3px solid #1a73c7; outline-offset: 3px; }
  .unread { position: absolute; inset-block-start: -.25rem; inset-inline-end: -.25rem; min-width: 1.5rem; padding: 0 .35rem; border-radius: .8rem; background: #a3200d; color: #fff; font-size: .85rem; font-weight: 650; line-height: 1.5rem; text-align: center; }
  .panel { position: fixed; inset-block-end: 5.75rem; inset-inline-end: 1.25rem; width: min(25rem, 100vw - 2.5rem); height: min(40rem, 100vh - 7rem); height: min(40rem, 100dvh - 7rem); border-radius: 1.1rem; overflow: hidden; background: #fff; box-shadow: 0 10px 50px rgb(0 0 0 / 30%); }
  iframe { display: block; width: 100%; height: 100%; border: 0; color-scheme: normal; }
  @media (max-width: 30rem), (max-height: 30rem) {
    .panel { inset: 0; width: 100%; height: 100%; border-radius: 0; }
    .open .launcher { display: none; }
  }
  @media (forced-colors: active) { .launcher, .panel { border: 2px solid CanvasText; } }
`;

const host = make("div", { id: "crossdesk-chat", lang: language, dir: said.direction });
const root = host.attachShadow({ mode: "open" });
// Also where the page's own policy forbids inline styles.
const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);
root.adoptedStyleSheets = [sheet];

const around = make("div");
const panel = make("div", { id: "panel", hidden: true }, { class: "panel", role: "dialog", "aria-label": said.title });
const unread = make("span", { hidden: true }, { class: "unread" });
const launcher = make(
  "button",
  {
    type: "button",
    innerHTML:
      '<svg viewBox="0 0 24 24" width="28" height="28" aria-hidden="true" focusable="false"><path d="M4 5h16v11H10l-5 4v-4H4z" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"/></svg>',
  },
  { class: "launcher", "aria-expanded": "false", "aria-controls": "panel", "aria-label": said.launcher },
);
launcher.append(unread);
around.append(panel, launcher);
root.append(around);

let frame;
/** Whether who opened the chat wants to write. */
let writes = false;
const tell = (message) => frame?.contentWindow?.postMessage({ crossdesk: message }, origin);

function show(on, { focus = true } = {}) {
  if (on && !frame) {
    frame = make("iframe", { title: said.title, src: `${origin}${page}?lang=${language}` }, { allow: "clipboard-write" });
    panel.append(frame);
  }
  panel.hidden = !on;
  around.classList.toggle("open", on);
  launcher.setAttribute("aria-expanded", String(on));
  launcher.setAttribute("aria-label", on ? said.close : said.launcher);
  store("sessionStorage", OPEN, on ? "yes" : null);
  writes = on && focus;
  if (writes) frame.focus();
  tell({ shown: on, focus });
  if (on) count(0);
  else if (focus) launcher.focus();
}

function count(number) {
  unread.hidden = !number;
  unread.textContent = number > 99 ? "99+" : String(number);
}

launcher.addEventListener("click", () => show(panel.hidden));
around.addEventListener("keydown", (event) => event.key === "Escape" && !panel.hidden && show(false));
window.addEventListener("message", (event) => {
  if (!frame || event.source !== frame.contentWindow || event.origin !== origin) return;
  const message = event.data?.crossdesk;
  if (message?.ready) tell({ visitor: stored("localStorage", TOKEN), shown: !panel.hidden, focus: writes });
  if (typeof message?.visitor === "string") store("localStorage", TOKEN, message.visitor);
  if (Number.isInteger(message?.unread) && panel.hidden) count(message.unread);
  if (message?.close) show(false);
});

function begin() {
  document.body.append(host);
  if (stored("sessionStorage", OPEN)) show(true, { focus: false });
}
if (document.body) begin();
else document.addEventListener("DOMContentLoaded", begin);
