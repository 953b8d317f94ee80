// What the buyer sees: the transcript, the messages on their way, and who is writing.
import { sizeOf } from "./attaching.js";
import { build, fill, withLinks } from "./text.js";
import { address } from "./visitor.js";

/** Messages of one author that follow each other within this time stand together. */
const TOGETHER = 5 * 60_000;
const NEAR_THE_END = 80;

export class View {
  constructor({ strings, assistant, language }) {
    Object.assign(this, { strings, assistant, language });
    for (const id of ["log", "messages", "unsent", "typing", "newer", "quick", "with", "avatar"]) {
      this[id] = document.getElementById(id);
    }
    this.typingText = document.getElementById("typing-text");
    /** What was shown of each line that may be changed later, by its position. */
    this.shown = new Map();
    this.clock = new Intl.DateTimeFormat(language, { timeStyle: "short" });
    this.date = new Intl.DateTimeFormat(language, { weekday: "long", day: "numeric", month: "long" });
    this.relative = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
    this.newer.addEventListener("click", () => this.toEnd());
    this.log.addEventListener("scroll", () => this.isAtEnd() && (this.newer.hidden = true), { passive: true });
    // The keyboard of a phone and a growing composer take room: what was in sight stays in sight.
    this.following = true;
    this.log.addEventListener("scroll", () => (this.following = this.isAtEnd()), { passive: true });
    new ResizeObserver(() => this.following && this.toEnd()).observe(this.log);
  }

  isAtEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < NEAR_THE_END;
  }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    this.following = true;
    this.newer.hidden = true;
  }

  /** Change something and stay at the end if that is where the reader was. */
  change(what, { own = false } = {}) {
    const follow = own || this.isAtEnd();
    const height = this.log.scrollHeight;
    what();
    if (follow) this.toEnd();
    else if (this.log.scrollHeight > height) this.newer.hidden = false;
  }

  /** A line of the transcript, after all before it. */
  add(line, press) {
    const at = new Date(line.at);
    this.day(at);
    const group = this.groupFor(line, at);
    const bubble = build("p", { className: "bubble", dir: "auto" });
    this.fillBubble(bubble, line);
    if (line.author === "agent") this.shown.set(line.position, { bubble, line });
    group.time.before(bubble);
    group.time.textContent = this.clock.format(at);
    group.time.dateTime = line.at;
    Object.assign(group, { at, author: line.author, name: line.name });
    this.last = group;
    this.dropChips();
    if (line.buttons?.length) this.offer(line.buttons, press);
    if (line.author !== "buyer") this.speaksWith(line);
  }

  fillBubble(bubble, line, ...more) {
    bubble.replaceChildren(build("bdi", { className: "unseen", textContent: `${this.nameOf(line)}: ` }));
    for (const file of line.files ?? []) bubble.append(this.file(file));
    bubble.append(...(line.author === "buyer" ? [line.text] : withLinks(line.text, this.strings.opens)), ...more);
  }

  /** What an earlier line says now, if it is still on the page. */
  correct({ edits, change, text }) {
    const { bubble, line } = this.shown.get(edits) ?? {};
    if (!bubble) return;
    const deleted = change === "deleted";
    const note = build("i", { className: "changed", textContent: deleted ? this.strings.taken_back : ` (${this.strings.edited})` });
    this.fillBubble(bubble, deleted ? { ...line, text: "", files: [] } : { ...line, text }, note);
  }

  /** A file of a line: a click saves it, a picture is seen; what was not kept is said. */
  file({ name, size, picture, url }) {
    if (!url) return build("span", { className: "file lost" }, fill(this.strings.file_lost, { file: name }));
    const shown = [build("bdi", { textContent: name }), ` (${sizeOf(size, this.language)})`];
    // Not lazily: its place must be known before the log scrolls to its end.
    if (picture) shown.unshift(build("img", { src: address(url), alt: "", onload: () => this.following && this.toEnd() }));
    return build("a", { className: "file", href: address(url), download: name }, ...shown);
  }

  offer(buttons, press) {
    this.chips = build(
      "div",
      { className: "chips", attributes: { role: "group" } },
      ...buttons.map((button) =>
        build("button", {
          type: "button",
          className: "chip",
          dir: "auto",
          textContent: button.title,
          onclick: () => press(button),
        }),
      ),
    );
    this.messages.append(this.chips);
  }

  /** Choices that have been answered can't be pressed again. */
  dropChips() {
    this.quick.hidden = true;
    if (this.chips?.contains(document.activeElement)) document.getElementById("text").focus();
    this.chips?.remove();
    this.chips = undefined;
  }

  groupFor(line, at) {
    const last = this.last;
    const joins =
      last && last.author === line.author && last.name === line.name && at - last.at < TOGETHER && !this.chips;
    if (joins) return last;
    const time = build("time", { className: "time" });
    const element = build("div", { className: `group ${line.author}` });
    if (line.author !== "buyer") {
      const name = this.nameOf(line);
      const avatar = build("span", { className: "avatar", textContent: initial(name), attributes: { "aria-hidden": "true" } });
      element.append(build("p", { className: "who" , attributes: { "aria-hidden": "true" } }, avatar, build("bdi", { textContent: name })));
    }
    element.append(time);
    this.messages.append(element);
    return { element, time };
  }

  day(at) {
    const key = at.toDateString();
    if (key === this.lastDay) return;
    this.lastDay = key;
    this.last = undefined;
    this.messages.append(build("p", { className: "day", textContent: this.nameOfDay(at) }));
  }

  nameOfDay(at) {
    const midnight = (date) => Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
    const days = Math.round((midnight(at) - midnight(new Date())) / 86_400_000);
    const name = days > -2 && days < 1 ? this.relative.format(days, "day") : this.date.format(at);
    return name.charAt(0).toLocaleUpperCase() + name.slice(1);
  }

  nameOf(line) {
    if (line.author === "buyer") return this.strings.you;
    return line.author === "bot" ? this.assistant : line.name || this.strings.agent;
  }

  speaksWith(line) {
    const agent = line.author === "agent";
    const name = this.nameOf(line);
    this.with.textContent = agent ? fill(this.strings.with_agent, { name }) : fill(this.strings.automated, { assistant: this.assistant });
    this.avatar.textContent = initial(name);
  }

  /** The messages that the server does not have yet, or whose line is still to come. */
  showUnsent(items, { again, remove }) {
    this.unsent.replaceChildren(
      ...items.map((item) => {
        const bubble = build("p", { className: "bubble", dir: "auto", textContent: item.label });
        for (const { name, size } of item.files ?? []) {
          bubble.prepend(build("span", { className: "file" }, build("bdi", { textContent: name }), ` (${sizeOf(size, this.language)})`));
        }
        const element = build("div", { className: "group buyer" }, bubble);
        if (item.state === "confirmed" || !item.trouble) {
          const time = { className: "time", textContent: this.clock.format(new Date(item.at)) };
          element.append(build("time", time));
        } else {
          element.classList.add(item.state);
          const button = (text, onclick) => build("button", { type: "button", textContent: text, onclick, disabled: !!item.unwanted });
          element.append(
            build(
              "p",
              { className: "trouble", attributes: { role: "status" } },
              build("span", { textContent: this.strings[item.trouble] }),
              ...(item.state === "refused" ? [] : [button(this.strings.again, () => again(item))]),
              button(this.strings.remove, () => remove(item)),
            ),
          );
        }
        return element;
      }),
    );
  }

  showTyping(on) {
    if (this.typing.hidden !== on) return;
    this.change(() => (this.typing.hidden = !on));
    this.typingText.textContent = on ? fill(this.strings.typing, { assistant: this.assistant }) : "";
  }
}

function initial(name) {
  return ([...name.trim()][0] ?? "").toLocaleUpperCase();
}
