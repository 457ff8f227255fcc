// The palette: Ctrl-K or `/` opens a box that finds contacts and pages (a combobox in a dialog, as in the ARIA guide).

const palette = document.getElementById("palette");
if (palette) setUp();

function setUp() {
  const input = palette.querySelector("input");
  const list = palette.querySelector("[role=listbox]");
  const said = palette.querySelector("[role=status]");
  const { search, wordsPages, wordsCount, wordsNothing } = palette.dataset;
  let found = [];
  let asked = "";
  let running = new AbortController();
  let timer;
  let moved = false;

  for (const opener of document.querySelectorAll("[data-palette-open]")) {
    opener.hidden = false;
    opener.addEventListener("click", open);
  }
  document.addEventListener("keydown", (event) => {
    const writing = event.target.closest("input, textarea, select, [contenteditable]");
    const shortcut = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    if (!shortcut && (event.key !== "/" || writing || event.ctrlKey || event.metaKey || event.altKey)) return;
    if (document.querySelector("dialog[open]")) return;
    event.preventDefault();
    open();
  });

  function open() {
    input.value = "";
    found = [];
    moved = false;
    palette.showModal();
    draw();
    find();
  }

  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  /** The pages of the navigation, and what can be begun, whose words hold each that is typed; by their names first. */
  function commands() {
    const wanted = fold(input.value.trim()).split(/\s+/);
    const named = (text) => wanted.every((word) => fold(text).includes(word));
    const all = [...document.querySelectorAll("[data-command]")];
    const first = all.filter((link) => named(link.textContent));
    return [...first, ...all.filter((link) => !first.includes(link) && named(`${link.textContent} ${link.dataset.also ?? ""}`))];
  }

  function option(link, index) {
    const made = document.createElement("a");
    made.href = link.href;
    made.append(...[...link.children].map((child) => child.cloneNode(true)));
    if (!made.childElementCount) made.append(link.textContent);
    Object.assign(made, { id: `palette-${index}`, tabIndex: -1, role: "option", ariaSelected: "false" });
    return made;
  }

  function draw() {
    const chosen = options()[selected()]?.href;
    list.replaceChildren();
    let index = 0;
    const links = (group) => [group.dataset.group, [...group.querySelectorAll("a[href]")]];
    const last = found.filter((group) => "last" in group.dataset).map(links);
    const first = found.filter((group) => !("last" in group.dataset)).map(links);
    for (const [words, here] of [...first, [wordsPages, commands()], ...last]) {
      if (!here.length) continue;
      const group = document.createElement("div");
      group.role = "group";
      group.ariaLabel = words;
      const heading = document.createElement("p");
      heading.className = "palette-group";
      heading.ariaHidden = "true";
      heading.textContent = words;
      group.append(heading, ...here.map((link) => option(link, index++)));
      list.append(group);
    }
    // Read aloud, and shown where there is nothing else.
    said.textContent = index ? wordsCount.replace("{count}", index) : wordsNothing;
    said.classList.toggle("visually-hidden", index > 0);
    list.hidden = index === 0;
    input.ariaExpanded = String(index > 0);
    // Who has gone down the list stays there while more comes in.
    select(moved ? Math.max(0, options().findIndex((each) => each.href === chosen)) : 0);
  }

  const options = () => [...list.querySelectorAll("[role=option]")];
  const selected = () => options().findIndex((each) => each.ariaSelected === "true");

  function select(wanted) {
    const all = options();
    input.removeAttribute("aria-activedescendant");
    if (!all.length) return;
    const at = (wanted + all.length) % all.length;
    all.forEach((each, index) => (each.ariaSelected = String(index === at)));
    input.setAttribute("aria-activedescendant", all[at].id);
    all[at].scrollIntoView({ block: "nearest" });
  }

  async function find() {
    const wanted = input.value.trim();
    clearTimeout(timer);
    timer = undefined;
    running.abort();
    running = new AbortController();
    if (!search) {
      draw();
      return;
    }
    try {
      const response = await fetch(`${search}?${new URLSearchParams({ q: wanted })}`, {
        headers: { "X-Partial": "1" },
        signal: running.signal,
      });
      if (response.status === 401) location.reload();
      const answer = document.createElement("template");
      answer.innerHTML = response.ok ? await response.text() : "";
      found = [...answer.content.querySelectorAll("[data-group]")];
      asked = wanted;
      draw();
    } catch {
      // A newer question replaced this one, or the line is down: what is shown stays.
    }
  }

  input.addEventListener("input", () => {
    moved = false;
    clearTimeout(timer);
    timer = setTimeout(find, 120);
  });
  input.addEventListener("keydown", async (event) => {
    if (event.isComposing) return;
    if (!["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "Enter") {
      // Whoever types faster than the answer comes means what they typed.
      if (asked !== input.value.trim() && !moved) await find();
      options()[selected()]?.click();
      return;
    }
    moved = true;
    select(selected() + (event.key === "ArrowDown" ? 1 : -1));
  });
  list.addEventListener("pointermove", (event) => {
    const at = options().indexOf(event.target.closest("[role=option]"));
    if (at >= 0 && at !== selected()) select(at);
  });
  palette.addEventListener("click", (event) => {
    if (event.target === palette || event.target.closest("[role=option], [data-palette-close]")) palette.close();
  });
}
