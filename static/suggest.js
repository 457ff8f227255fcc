// data-suggest="URL" data-suggest-id="field": a field for a contact's name offers whom it may mean as one types
// (a combobox, as in the ARIA guide). With data-suggest-many a choice is told by the event `chosen`, and the field is
// ready for the next name. Without it the server asks where the name could mean several.

let made = 0;

for (const input of document.querySelectorAll("[data-suggest]")) setUp(input);
// A part of a page that came later.
document.addEventListener("content", (event) => event.target.querySelectorAll("[data-suggest]").forEach(setUp));

function setUp(input) {
  const many = "suggestMany" in input.dataset;
  const list = document.createElement("div");
  Object.assign(list, { id: `suggestions-${(made += 1)}`, className: "suggestions", role: "listbox", hidden: true });
  list.ariaLabel = input.labels[0]?.textContent ?? "";
  const said = document.createElement("p");
  said.className = "visually-hidden";
  said.role = "status";
  const frame = document.createElement("div");
  frame.className = "suggesting";
  const focused = document.activeElement === input;
  input.replaceWith(frame);
  frame.append(input, list, said);
  Object.assign(input, { role: "combobox", ariaAutoComplete: "list", ariaExpanded: "false" });
  input.setAttribute("aria-controls", list.id);
  if (focused) input.focus();

  let timer;
  let asked = "";
  let running = new AbortController();

  const options = () => [...list.querySelectorAll("[role=option]")];
  const selected = () => options().findIndex((each) => each.ariaSelected === "true");

  function show(open) {
    list.hidden = !open;
    input.ariaExpanded = String(open);
    if (!open) input.removeAttribute("aria-activedescendant");
  }

  function select(wanted) {
    const all = options();
    if (!all.length) return;
    const at = (wanted + all.length) % all.length;
    all.forEach((each, index) => (each.ariaSelected = String(index === at)));
    input.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  }

  /** The field that says which of several of one name is meant; a choice from before gives way to it. */
  function mean(id) {
    const name = input.dataset.suggestId;
    for (const each of input.form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) each.remove();
    if (!id) return;
    const hidden = document.createElement("input");
    Object.assign(hidden, { type: "hidden", name, value: id });
    frame.append(hidden);
  }

  function choose(option) {
    if (many) {
      input.value = "";
      show(false);
      const chosen = new CustomEvent("chosen", { bubbles: true, cancelable: true, detail: { ...option.dataset } });
      if (input.dispatchEvent(chosen)) input.focus();
      return;
    }
    input.value = option.dataset.name;
    mean(option.dataset.id);
    input.dispatchEvent(new Event("change", { bubbles: true }));
    show(false);
    input.focus();
  }

  async function find() {
    clearTimeout(timer);
    running.abort();
    running = new AbortController();
    const text = input.value.trim();
    if (!text) {
      show(false);
      said.className = "visually-hidden";
      return;
    }
    const url = new URL(input.dataset.suggest, location.href);
    url.searchParams.set("q", text);
    try {
      const response = await fetch(url, { headers: { "X-Partial": "1" }, signal: running.signal });
      if (!response.ok) return;
      list.innerHTML = await response.text();
      const all = options();
      all.forEach((each, index) => Object.assign(each, { id: `${list.id}-${index}`, ariaSelected: "false" }));
      asked = text;
      const here = document.activeElement === input;
      said.textContent = all.length ? input.dataset.suggestCount.replace("{count}", all.length) : input.dataset.suggestNone;
      said.className = all.length || !here ? "visually-hidden" : "suggestions muted";
      show(here && all.length > 0);
      // Of many to come, Enter takes the first; a name of its own is not to be replaced unawares.
      if (many && here) select(0);
    } catch {
      // A newer question replaced this one, or the line is down: the name can be typed whole.
    }
  }

  input.addEventListener("input", () => {
    if (!many) mean("");
    clearTimeout(timer);
    timer = setTimeout(find, 150);
  });
  input.addEventListener("keydown", async (event) => {
    if (event.isComposing) return;
    if (many && event.key === "Enter" && input.value.trim() && asked !== input.value.trim()) {
      // Whoever types faster than the answer comes means what they typed.
      event.preventDefault();
      await find();
      if (!list.hidden && selected() >= 0) choose(options()[selected()]);
      return;
    }
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const at = selected();
      select(event.key === "ArrowDown" ? at + 1 : at < 0 ? -1 : at - 1);
    } else if (event.key === "Enter" && selected() >= 0) {
      event.preventDefault();
      choose(options()[selected()]);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      show(false);
    }
  });
  input.addEventListener("blur", () => {
    show(false);
    said.className = "visually-hidden";
  });
  // Before the field loses the focus, and the list with it.
  list.addEventListener("pointerdown", (event) => {
    const option = event.target.closest("[role=option]");
    event.preventDefault();
    if (option) choose(option);
  });
}
