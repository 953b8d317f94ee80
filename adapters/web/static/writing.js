// What an agent writes on a case's page: kept through reloads, sent once, never mixed up between reply and note.

export class Writing {
  constructor(caseId) {
    this.fields = [...document.querySelectorAll("textarea#reply, textarea#note, textarea#summary")];
    this.store = (field) => `crossdesk.case.${caseId}.${field.id}`;
    for (const field of this.fields) {
      field.value ||= this.kept(field);
      field.addEventListener("input", () => this.keep(field));
    }
    document.addEventListener("click", (event) => this.use(event));
    // Who clicks on a mode wants to write; who walks through the modes with arrow keys is still choosing.
    for (const label of document.querySelectorAll("label.mode")) {
      label.addEventListener("click", () => setTimeout(() => this.field(label.control).focus()));
    }
    this.settle();
  }

  field(mode) {
    return document.getElementById(mode.id.replace("mode-", ""));
  }

  /** Show what this person may do now, and let every form speak of the case as it now is. */
  settle() {
    const { acts, fence, csrf } = document.getElementById("state").dataset;
    const allowed = acts.split(" ");
    const couldReply = !document.getElementById("mode-reply").hidden;
    for (const element of document.querySelectorAll("[data-act]")) element.hidden = !allowed.includes(element.dataset.act);
    for (const input of document.querySelectorAll("input[name=fence]")) input.value = fence;
    for (const input of document.querySelectorAll("input[name=csrf]")) input.value = csrf;
    const reply = document.getElementById("mode-reply");
    const note = document.getElementById("mode-note");
    if (reply.hidden && reply.checked) note.checked = true;
    if (!reply.hidden && !couldReply && !document.getElementById("note").value) reply.checked = true;
  }

  /** A form has done its work: empty it, and give it a new name so that the next text is not taken for the last. */
  sent(form, page) {
    delete form.dataset.done;
    const change = form.closest("details.change");
    if (change) {
      // It begins again with the words that stand there.
      form.reset();
      change.open = false;
      return;
    }
    for (const field of form.querySelectorAll("textarea, input[name=decline]")) {
      field.value = "";
      field.defaultValue = "";
      this.keep(field);
    }
    const key = form.querySelector("input[name=key]");
    const next = page.querySelector(`form[action="${form.getAttribute("action")}"] input[name=key]`);
    if (key && next) key.value = next.value;
    const open = form.closest("details.drop");
    if (open) open.open = false;
  }

  /** A suggested reply goes into the composer, to be read and changed first. */
  use(event) {
    const link = event.target.closest?.("a[data-use]");
    if (!link) return;
    event.preventDefault();
    const reply = document.getElementById("reply");
    const text = link.closest("li").querySelector("p").textContent;
    reply.value = reply.value.trim() ? `${reply.value.trimEnd()}\n\n${text}` : text;
    this.keep(reply);
    reply.focus();
    link.closest("details").open = false;
  }

  kept(field) {
    try {
      return sessionStorage.getItem(this.store(field)) ?? "";
    } catch {
      return "";
    }
  }

  keep(field) {
    try {
      if (field.value) sessionStorage.setItem(this.store(field), field.value);
      else sessionStorage.removeItem(this.store(field));
    } catch {
      // No storage: no draft after a reload.
    }
  }
}
