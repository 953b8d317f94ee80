// The chat page: keeps what the buyer writes until the server has it, and shows what the transcript says.
import { Composer } from "./composer.js";
import { Unsent } from "./unsent.js";
import { View } from "./view.js";
import * as visitor from "./visitor.js";
import { Later, Refused, Stream, ask, backoff } from "./wire.js";

const { dataset } = document.body;
const strings = JSON.parse(dataset.strings);
const language = document.documentElement.lang;
const view = new View({ strings, language, assistant: dataset.assistant });
const unsent = new Unsent();
const notice = document.getElementById("notice");
const title = document.title;
/** A turn takes seconds; an indicator that stays longer would be a lie. */
const TYPING = 30_000;
/** Should news get lost, this finds them. */
const LOOK_AGAIN = 30_000;
const HIDDEN = 60_000;
const state = { position: 0, loaded: false, expecting: 0, connected: undefined, tries: 0, unread: 0, last: "" };

/* ---- sending and fetching: one after the other, never two at once ---- */

/** Lines that were brought to us, and whether there may be others that we have to fetch. */
let brought = [];
let behind = true;

/** Send what waits, and fetch what is new. */
function sync() {
  behind = true;
  return work();
}

let busy = false;
let wanted = false;
async function work() {
  wanted = true;
  if (busy) return;
  busy = true;
  while (wanted) {
    wanted = false;
    await flush();
    // Not before: a message's own line must find its message confirmed.
    showBrought();
    if (behind) await fetchNew();
  }
  busy = false;
}

let retryTimer;
function retryIn(milliseconds) {
  clearTimeout(retryTimer);
  retryTimer = setTimeout(sync, milliseconds);
}

async function flush() {
  for (let item = unsent.next(); item; item = unsent.next()) {
    item.sending = true;
    try {
      const { id, text, button } = item;
      const files = item.files?.length ? item.files.map((file) => file.token) : undefined;
      const receipt = await ask("/chat/messages", { method: "POST", json: { id, text, button, files, language: dataset.hint || undefined } });
      unsent.confirm(item, receipt.fresh);
      if (receipt.line) brought.push(receipt.line);
      else behind = true;
      state.tries = 0;
      expect(!receipt.with_agent);
    } catch (error) {
      if (error instanceof Refused) {
        if (error.code === "no_visitor") tell(strings.cookies);
        unsent.failed(item, "refused", error.code === "unknown_button" ? "expired" : "refused");
      } else if (error instanceof Later) {
        unsent.failed(item, "waiting", error.code === "too_fast" ? "too_fast" : "unsent");
        retryIn(error.seconds ? error.seconds * 1000 : backoff(state.tries++));
      } else throw error;
      showUnsent();
      if (error instanceof Later) return;
    }
    showUnsent();
  }
}

/** Positions have no gaps: the next one can be shown as it is, a later one shows that we missed something. */
function showBrought() {
  const lines = brought.sort((one, other) => one.position - other.position);
  brought = [];
  let next = state.position + 1;
  const following = lines.filter((line) => line.position === next && next++);
  if (!state.loaded || lines.some((line) => line.position >= next)) behind = true;
  else showAll(following);
}

function showAll(lines) {
  if (lines.length) view.change(() => lines.forEach(show));
  count(lines.filter((line) => line.author !== "buyer").length);
  settleTyping();
}

async function fetchNew() {
  behind = false;
  let lines;
  try {
    lines = (await ask(`/chat/messages?after=${state.position}`)).messages;
    if (!state.connected) connection(true);
  } catch (error) {
    behind = true;
    if (error instanceof Refused) tell(strings.cookies);
    else if (error instanceof Later) {
      connection(false);
      retryIn(error.seconds ? error.seconds * 1000 : backoff(state.tries++));
    } else throw error;
    return;
  }
  if (state.loaded) {
    showAll(lines);
    return;
  }
  state.loaded = true;
  view.change(() => lines.forEach(show), { own: true });
  view.quick.hidden = state.position > 0 || unsent.items.length > 0;
  // What was said before is not news: from here on, new lines are read out.
  requestAnimationFrame(() => view.log.setAttribute("aria-live", "polite"));
  settleTyping();
}

function show(line) {
  state.position = line.position;
  if (line.change && line.author !== "buyer") {
    view.correct(line);
    return;
  }
  state.last = line.author;
  if (line.author === "buyer") {
    const item = unsent.arrived(line.text);
    const text = line.text || item?.label;
    if (text || line.files.length) view.add({ ...line, text }, press);
    showUnsent();
  } else {
    expect(false);
    view.add(line, press);
  }
}

/* ---- what the buyer does ---- */

function send(message) {
  unsent.add(message);
  view.change(
    () => {
      view.dropChips();
      showUnsent();
    },
    { own: true },
  );
  work();
}

const press = (button) => send({ button: button.payload, label: button.title });
const composer = new Composer({
  strings,
  language,
  limit: Number(dataset.limit),
  rules: JSON.parse(dataset.files),
  send: (text, files) => send({ text, label: text, files }),
});

for (const chip of view.quick.children) {
  chip.addEventListener("click", () => {
    send({ text: chip.textContent, label: chip.textContent });
    composer.text.focus();
  });
}

function showUnsent() {
  view.showUnsent(unsent.items, {
    again: () => sync(),
    remove: (item) => {
      unsent.takeBack(item);
      showUnsent();
      composer.text.focus();
    },
  });
}

document.getElementById("lang").addEventListener("change", (event) => event.target.form.submit());

/* ---- what the page tells ---- */

function tell(text, good = false) {
  notice.textContent = text;
  notice.classList.toggle("good", good);
  notice.hidden = !text;
}

let noticeTimer;
function connection(up) {
  if (up === state.connected) return;
  const before = state.connected;
  state.connected = up;
  clearTimeout(noticeTimer);
  if (!up) {
    // A short break is nobody's business.
    noticeTimer = setTimeout(() => tell(strings.lost), 1500);
    return;
  }
  state.tries = 0;
  if (before === false && !notice.hidden) {
    tell(strings.back, true);
    noticeTimer = setTimeout(() => tell(""), 2500);
  } else tell("");
}

function expect(answer) {
  state.expecting = answer ? Date.now() : 0;
}

let typingTimer;
function settleTyping() {
  const left = state.expecting + TYPING - Date.now();
  const writing = left > 0 && state.last === "buyer";
  view.showTyping(writing);
  clearTimeout(typingTimer);
  if (writing) typingTimer = setTimeout(settleTyping, left + 50);
}

function count(more) {
  state.unread = visitor.isShown() ? 0 : state.unread + more;
  document.title = state.unread ? `(${state.unread}) ${title}` : title;
  visitor.tell({ unread: state.unread });
}

/* ---- waking up ---- */

const stream = new Stream("/chat/events", ["line", "typing"], {
  ready: () => sync(),
  lost: () => connection(false),
  signal: async (name, data) => {
    if (name === "line") brought.push(JSON.parse(data));
    else if (!state.expecting) expect(true);
    await work();
    settleTyping();
  },
});

let hiddenTimer;
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) {
    // Browsers allow six connections to a host: pages nobody looks at must not use them up.
    hiddenTimer = setTimeout(() => stream.close(), HIDDEN);
  } else {
    count(0);
    if (!stream.source) stream.open();
    sync();
  }
});
setInterval(() => state.loaded && sync(), LOOK_AGAIN);

showUnsent();
await visitor.begin((shown, focus) => {
  if (!shown) return;
  count(0);
  view.toEnd();
  if (focus) composer.text.focus();
});
sync().then(() => stream.open());
