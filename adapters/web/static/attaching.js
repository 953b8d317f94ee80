// Files on their way with the next message: taken by button, paste or drop, sent at once, shown until the message goes.
import { build, fill } from "./text.js";
import { Later, Refused, uploaded } from "./wire.js";
import { uuid } from "./unsent.js";

/** Tries of one file before the buyer is asked. */
const TRIES = 3;

/** "1.2 MB" in the reader's language. */
export function sizeOf(bytes, language) {
  const [value, unit] = bytes >= 1e6 ? [bytes / 1e6, "megabyte"] : [Math.max(bytes / 1e3, 1), "kilobyte"];
  const digits = value < 10 && unit === "megabyte" ? 1 : 0;
  return new Intl.NumberFormat(language, { style: "unit", unit, maximumFractionDigits: digits }).format(value);
}

export class Attaching {
  /** `rules`: `megabytes`, `types` and `most` files for one message; `changed` is called whenever something did. */
  constructor({ strings, language, rules, changed }) {
    Object.assign(this, { strings, language, rules, changed, items: [] });
    this.list = document.getElementById("attached");
    this.trouble = document.getElementById("attach-trouble");
    this.input = document.getElementById("files");
    const chat = document.querySelector(".chat");
    document.getElementById("attach").addEventListener("click", () => this.input.click());
    this.input.addEventListener("change", () => {
      this.add(this.input.files);
      this.input.value = "";
    });
    document.getElementById("text").addEventListener("paste", (event) => {
      if (!event.clipboardData?.files.length) return;
      event.preventDefault();
      this.add(event.clipboardData.files);
    });
    const carries = (event) => event.dataTransfer?.types.includes("Files");
    const over = (on) => chat.classList.toggle("over", on);
    for (const name of ["dragenter", "dragover"]) {
      chat.addEventListener(name, (event) => carries(event) && (event.preventDefault(), over(true)));
    }
    chat.addEventListener("dragleave", (event) => chat.contains(event.relatedTarget) || over(false));
    chat.addEventListener("drop", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      over(false);
      this.add(event.dataTransfer.files);
    });
  }

  get busy() {
    return this.items.some((item) => item.state === "going");
  }

  get some() {
    return this.items.some((item) => item.token);
  }

  /** The files that are there, for a message; none of them waits any longer. */
  take() {
    const taken = this.items.filter((item) => item.token).map(({ token, name, size }) => ({ token, name, size }));
    this.items = [];
    this.tell("");
    this.show();
    return taken;
  }

  add(files) {
    this.tell("");
    for (const file of files) {
      const values = { file: file.name, megabytes: this.rules.megabytes, count: this.rules.most };
      if (this.items.length >= this.rules.most) this.tell(fill(this.strings.files_many, values));
      else if (!this.takes(file.type)) this.tell(fill(this.strings.file_kind, values));
      else if (file.size > this.rules.megabytes * 1e6) this.tell(fill(this.strings.file_large, values));
      else if (file.size) this.begin({ id: uuid(), file, name: file.name, size: file.size });
    }
    this.show();
  }

  takes(type) {
    return this.rules.types.some((one) => (one.endsWith("/*") ? type.startsWith(one.slice(0, -1)) : type === one));
  }

  async begin(item) {
    item.state = "going";
    if (!this.items.includes(item)) this.items.push(item);
    this.show();
    for (let tries = 0; item.state === "going"; ) {
      try {
        item.token = (await uploaded(item)).file;
        item.state = "there";
        delete item.file;
      } catch (error) {
        if (error instanceof Later && !error.seconds && ++tries < TRIES) continue;
        item.state = "failed";
        if (error instanceof Refused) {
          this.remove(item);
          const values = { file: item.name, megabytes: this.rules.megabytes };
          this.tell(fill(this.strings[error.code === "file_kind" ? "file_kind" : "file_large"], values));
        } else if (!(error instanceof Later)) throw error;
      }
    }
    this.show();
  }

  remove(item) {
    this.items = this.items.filter((other) => other !== item);
    item.state = "gone";
    this.show();
  }

  tell(text) {
    this.trouble.textContent = text;
    this.trouble.hidden = !text;
  }

  show() {
    this.list.replaceChildren(
      ...this.items.map((item) => {
        const said = { going: this.strings.file_going, failed: this.strings.file_failed }[item.state];
        const again = () => this.begin(item);
        const remove = () => {
          this.remove(item);
          document.getElementById("text").focus();
        };
        return build(
          "li",
          { className: item.state },
          build("bdi", { textContent: item.name }),
          build("span", { textContent: said ?? sizeOf(item.size, this.language) }),
          ...(item.state === "failed" ? [build("button", { type: "button", textContent: this.strings.again, onclick: again })] : []),
          build("button", { type: "button", textContent: "×", onclick: remove, attributes: { "aria-label": fill(this.strings.file_remove, { file: item.name }) } }),
        );
      }),
    );
    this.list.hidden = !this.items.length;
    this.changed();
  }
}
