// Where the buyer writes: grows with the text, counts near the limit, sends by Enter but not in mid-word of an IME.
import { Attaching } from "./attaching.js";
import { fill, lengthOf } from "./text.js";

const DRAFT = "crossdesk.draft";

export class Composer {
  constructor({ strings, limit, language, rules, send }) {
    Object.assign(this, { strings, limit, send });
    this.numbers = new Intl.NumberFormat(language);
    this.text = document.getElementById("text");
    this.counter = document.getElementById("counter");
    this.button = document.getElementById("send");
    try {
      this.text.value ||= sessionStorage.getItem(DRAFT) ?? "";
    } catch {
      // No storage: no draft after a reload.
    }
    this.files = new Attaching({ strings, language, rules, changed: () => this.changed() });
    this.text.addEventListener("input", () => this.changed());
    this.text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.submit();
    });
    document.getElementById("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.changed();
  }

  changed() {
    const length = lengthOf(this.text.value);
    const over = length > this.limit;
    const values = { count: this.numbers.format(length), limit: this.numbers.format(this.limit) };
    this.counter.hidden = length < this.limit * 0.9;
    this.counter.classList.toggle("over", over);
    this.counter.textContent = this.counter.hidden ? "" : fill(over ? this.strings.too_long : this.strings.count, values);
    this.text.toggleAttribute("aria-invalid", over);
    this.button.setAttribute("aria-disabled", String(over || this.files.busy || (length === 0 && !this.files.some)));
    this.text.style.height = "auto";
    this.text.style.height = `${this.text.scrollHeight + 3}px`;
    try {
      sessionStorage.setItem(DRAFT, this.text.value);
    } catch {
      // As above.
    }
  }

  submit() {
    this.text.focus();
    const text = this.text.value.trim();
    const length = lengthOf(text);
    if (length > this.limit || this.files.busy || (length === 0 && !this.files.some)) return;
    this.text.value = "";
    this.send(text, this.files.take());
  }
}
