// The desk's pages kept fresh: the server renders, we fetch the page again and put in what has changed.
import { fresh } from "./fresh.js";
import { learn, show } from "./revealed.js";
import { tick } from "./times.js";
import { Stream } from "./wire.js";
import { Writing } from "./writing.js";

const lost = document.getElementById("lost");
const title = document.title;
const here = document.getElementById("state")?.dataset.case;
/** A busy desk changes many times a second: nobody reads that fast. */
const PAUSE = here ? 300 : 1000;
const HIDDEN = 60_000;
const LOOK_AGAIN = 30_000;
let signedOut = false;

/* ---- what the page looks like now ---- */

let leaving;

/** Put a page that the server sent in place of this one, but for what the agent is writing. */
function take(html, { acted } = {}) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const flash = page.getElementById("flash");
  if (!flash) {
    sayWho();
    return undefined;
  }
  if (acted) document.getElementById("flash").replaceChildren(...flash.childNodes);
  const lines = document.getElementById("lines");
  const atEnd = lines && lines.scrollHeight - lines.scrollTop - lines.clientHeight < 80;
  learn(page);
  fresh(page);
  writing?.settle();
  show(document.getElementById("state")?.dataset.acts.split(" ").includes("reveal"));
  // Nobody tells when a message has left: until then, look now and then.
  clearTimeout(leaving);
  if (document.querySelector(".delivery.queued")) leaving = setTimeout(look, 3000);
  if (atEnd) lines.scrollTop = lines.scrollHeight;
  count();
  tick();
  return page;
}

function count() {
  const waiting = Number(document.getElementById("waiting")?.dataset.waiting ?? 0);
  document.title = waiting ? `(${waiting}) ${title}` : title;
}

function sayWho() {
  signedOut = true;
  stream.close();
  const link = Object.assign(document.createElement("a"), {
    href: `/desk/sign-in?next=${encodeURIComponent(location.pathname)}`,
    textContent: "Sign in again",
  });
  lost.replaceChildren("You are signed out. What you have written stays here. ", link, ".");
  lost.hidden = false;
}

let lostTimer;
function connected(up) {
  clearTimeout(lostTimer);
  if (signedOut) return;
  if (up) lost.hidden = true;
  else {
    // A short break is nobody's business.
    lostTimer = setTimeout(() => {
      lost.textContent = "The connection was lost: this page may be out of date. It is being restored.";
      lost.hidden = false;
    }, 2000);
  }
}

/** What came of the last act lies over the page, so that nothing jumps; good news goes by itself. */
let flashTimer;
function flashed() {
  clearTimeout(flashTimer);
  flashTimer = setTimeout(() => document.querySelector("#flash .good")?.remove(), 6000);
}
document.body.classList.add("js");
document.getElementById("flash").addEventListener("click", (event) => event.currentTarget.replaceChildren());

/* ---- looking again ---- */

let looking = false;
let again = false;
let acting = 0;
async function look() {
  again = true;
  if (looking || acting) return;
  looking = true;
  while (again && !acting) {
    again = false;
    try {
      const before = acts;
      const response = await fetch(location.href.replace(/[?&](done|use)=[^&#]*/g, ""), { cache: "no-store", signal: AbortSignal.timeout(15_000) });
      const html = await response.text();
      // An act that went out meanwhile brings a newer page than this one.
      if (response.ok && before === acts) {
        take(html);
        connected(true);
      }
    } catch {
      connected(false);
    }
    await new Promise((done) => setTimeout(done, PAUSE));
  }
  looking = false;
}

/* ---- acting: forms are sent from here, so that nothing else on the page is lost ---- */

let acts = 0;
let sending = null;
let next = null;
async function act(form, submitter) {
  sending = form;
  if (submitter) submitter.setAttribute("aria-busy", "true");
  acting += 1;
  acts += 1;
  const body = new URLSearchParams(new FormData(form, submitter));
  const problem = (text) => {
    const line = Object.assign(document.createElement("p"), { className: "bad", textContent: text });
    document.getElementById("flash").replaceChildren(line);
  };
  try {
    const response = await fetch(submitter?.getAttribute("formaction") ?? form.action, {
      method: "POST",
      body,
      cache: "no-store",
      signal: AbortSignal.timeout(20_000),
    });
    const html = await response.text();
    // What was written in it has been taken: its place may be shown anew.
    if (response.ok) form.dataset.done = "";
    const page = take(html, { acted: true });
    if (page && response.ok) writing?.sent(form, page);
    else delete form.dataset.done;
  } catch {
    problem("The server cannot be reached. Nothing is lost: please try again.");
  } finally {
    submitter?.removeAttribute("aria-busy");
    acting -= 1;
    sending = null;
    if (next) {
      const [waited, pressed] = next;
      next = null;
      if (waited.isConnected) act(waited, pressed);
    } else if (again) look();
  }
  flashed();
}

/** By the key's place, because Alt makes other letters of some. */
const SHORTCUTS = {
  KeyC: 'form[action$="/claim"] button',
  KeyR: 'label[for="mode-reply"]',
  KeyN: 'label[for="mode-note"]',
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || !/\/desk\/(cases|requests)\//.test(form.action)) return;
  event.preventDefault();
  if (!acting) act(form, event.submitter);
  // The same once more is a double click; another one waits until this one is done.
  else if (form !== sending) next = [form, event.submitter];
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
    event.preventDefault();
    event.target.form.requestSubmit(event.target.form.querySelector("button.main"));
  }
  const plain = event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
  if (plain && event.target.id === "reply" && "direct" in document.getElementById("state").dataset) {
    // In mid-word of an IME it chooses a word.
    if (event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (event.target.value.trim()) event.target.form.requestSubmit(event.target.form.querySelector("button.main"));
  }
  if (event.altKey && !event.ctrlKey && !event.metaKey && SHORTCUTS[event.code]) {
    const target = document.querySelector(SHORTCUTS[event.code]);
    if (target?.checkVisibility?.() ?? target) {
      event.preventDefault();
      target.click();
    }
  }
  if (event.key === "Escape") document.querySelectorAll("details.drop[open], details.me[open]").forEach((open) => (open.open = false));
});

document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.drop[open], details.me[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

document.addEventListener(
  "toggle",
  (event) => {
    if (!event.target.matches("details.change[open]")) return;
    event.target.scrollIntoView({ block: "nearest" });
    event.target.querySelector("textarea").focus({ preventScroll: true });
  },
  true,
);

const stream = new Stream("/desk/events", ["case", "signed-out"], {
  ready: look,
  lost: () => {
    connected(false);
    look();
  },
  signal: (name) => (name === "signed-out" ? sayWho() : look()),
});

let hiddenTimer;
document.addEventListener("visibilitychange", () => {
  clearTimeout(hiddenTimer);
  if (document.hidden) {
    // Browsers allow six connections to a host: pages nobody looks at must not use them up.
    hiddenTimer = setTimeout(() => stream.close(), HIDDEN);
  } else if (!signedOut) {
    if (!stream.source) flashed();
stream.open();
    look();
  }
});
setInterval(() => signedOut || look(), LOOK_AGAIN);
setInterval(tick, 1000);

const writing = here ? new Writing(here) : undefined;
const lines = document.getElementById("lines");
if (lines) lines.scrollTop = lines.scrollHeight;
history.replaceState(null, "", location.href.replace(/[?&](done|use)=[^&#]*/g, ""));
count();
tick();
flashed();
stream.open();
