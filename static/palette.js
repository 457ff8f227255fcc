// The palette: Ctrl-K or `/` opens a box that finds contacts and pages (a combobox in a dialog, as in the ARIA guide).

const palette = document.getElementById("palette");
if (palette) setUp();

function setUp() {
  const input = palette.querySelector("input");
  const list = palette.querySelector("[role=listbox]");
  const nothing = palette.querySelector("[role=status]");
  const { search, wordsPages, wordsFound } = palette.dataset;
  let found = [];
  let running = new AbortController();
  let timer;

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
    palette.showModal();
    draw();
  }

  const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  /** The pages of the navigation whose words begin with what is typed. */
  function commands() {
    const wanted = fold(input.value.trim());
    return [...document.querySelectorAll("[data-command]")].filter((link) => fold(link.textContent).includes(wanted));
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
    list.replaceChildren();
    let index = 0;
    for (const [words, links] of [[wordsFound, found], [wordsPages, commands()]]) {
      if (!links.length) continue;
      const group = document.createElement("div");
      group.role = "group";
      group.ariaLabel = words;
      const heading = document.createElement("p");
      heading.className = "palette-group";
      heading.ariaHidden = "true";
      heading.textContent = words;
      group.append(heading, ...links.map((link) => option(link, index++)));
      list.append(group);
    }
    nothing.hidden = index > 0;
    list.hidden = index === 0;
    input.ariaExpanded = String(index > 0);
    select(0);
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
    running.abort();
    running = new AbortController();
    if (!search || !wanted) {
      found = [];
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
      found = [...answer.content.querySelectorAll("a[href]")];
      draw();
    } catch {
      // A newer question replaced this one, or the line is down: what is shown stays.
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(find, 120);
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown") select(selected() + 1);
    else if (event.key === "ArrowUp") select(selected() - 1);
    else if (event.key === "Enter") options()[selected()]?.click();
    else return;
    event.preventDefault();
  });
  list.addEventListener("pointermove", (event) => {
    const at = options().indexOf(event.target.closest("[role=option]"));
    if (at >= 0 && at !== selected()) select(at);
  });
  palette.addEventListener("click", (event) => {
    if (event.target === palette || event.target.closest("[role=option]")) palette.close();
  });
}
