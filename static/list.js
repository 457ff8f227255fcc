// The list of contacts: filters that apply as one types, menus to tick, a choice of rows that outlives the page.
// Without it the same form has its button, the menus are pages, and the ticks of one page are sent.

const form = document.querySelector("[data-live-filter]");
if (form) setUp();

function setUp() {
  const results = document.querySelector(form.dataset.liveFilter);
  let running = new AbortController();
  let timer;
  let dirty = false;

  async function fetchPart(url, signal) {
    const response = await fetch(url, { headers: { "X-Partial": "1" }, signal });
    if (response.status === 401) location.reload();
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    return response.text();
  }

  const address = () => {
    const query = new URLSearchParams(new FormData(form)).toString();
    return query ? `${form.action}?${query}` : form.action;
  };

  /** Shows what the filter finds now; `step` says whether Back should come to what is shown at present. */
  async function show(step) {
    clearTimeout(timer);
    running.abort();
    running = new AbortController();
    const url = address();
    results.setAttribute("aria-busy", "true");
    try {
      const html = await fetchPart(url, running.signal);
      dirty = false;
      put(html);
      if (step) history.pushState(null, "", url);
      else history.replaceState(null, "", url);
    } catch (error) {
      if (error.name !== "AbortError") location.assign(url);
    }
  }

  /** The new results; a status that is there already is read aloud when its words change. */
  function put(html) {
    const status = results.querySelector("[role=status]");
    const focused = results.contains(document.activeElement) ? document.activeElement.dataset.sort : undefined;
    results.innerHTML = html;
    results.removeAttribute("aria-busy");
    const fresh = results.querySelector("[role=status]");
    if (status && fresh) {
      const words = fresh.textContent;
      fresh.replaceWith(status);
      if (status.textContent !== words) setTimeout(() => (status.textContent = words), 50);
    }
    if (focused !== undefined) results.querySelector(`[data-sort$="${CSS.escape(focused.replace("-", ""))}"]`)?.focus();
    document.dispatchEvent(new Event("list:shown"));
  }

  const later = () => {
    dirty = true;
    clearTimeout(timer);
    timer = setTimeout(show, 250, false);
  };

  form.addEventListener("input", (event) => {
    if (event.target.matches("[data-picker-find]")) return;
    if (event.target.name === "text") later();
  });
  form.addEventListener("change", (event) => {
    if (!event.target.name || event.target.name === "text") return;
    const picker = event.target.closest("[data-picker]");
    if (picker) recount(picker);
    dirty = true;
    show(true);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    show(true);
  });
  // The whole page knows how to show any state of the list, the form among it.
  addEventListener("popstate", () => location.reload());

  // Sorting and taking a filter away keep what is typed; every other link is an ordinary one.
  results.addEventListener("click", (event) => {
    const link = event.target.closest("a");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if ("sort" in link.dataset) {
      event.preventDefault();
      form.elements.sort.value = link.dataset.sort === "name" ? "" : link.dataset.sort;
      show(true);
    } else if ("removes" in link.dataset) {
      event.preventDefault();
      take(link.dataset.removes, link.dataset.removesValue);
      show(true);
      form.elements.text.focus();
    }
  });

  function take(name, value) {
    for (const field of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (field.type === "checkbox") {
        if (field.value === value) field.checked = false;
      } else {
        field.value = "";
      }
    }
    const picker = form.querySelector(`[data-picker-name="${CSS.escape(name)}"]`);
    if (picker) recount(picker);
  }

  // Menus to tick
  function recount(picker) {
    const count = picker.querySelectorAll("input[type=checkbox]:checked").length;
    const mark = picker.querySelector("[data-picker-count]");
    mark.textContent = count;
    mark.hidden = !count;
  }

  const asking = new WeakMap();
  async function fill(picker) {
    const find = picker.querySelector("[data-picker-find]");
    const options = picker.querySelector("[data-picker-options]");
    asking.get(picker)?.abort();
    const asked = new AbortController();
    asking.set(picker, asked);
    const query = new URLSearchParams(new FormData(form));
    if (find.value) query.set("find", find.value);
    try {
      const html = await fetchPart(`${picker.dataset.picker}?${query}`, asked.signal);
      options.innerHTML = html;
      recount(picker);
    } catch {
      // What is there stays; opening the menu again asks again.
    }
  }
  for (const picker of form.querySelectorAll("[data-picker]")) {
    const find = picker.querySelector("[data-picker-find]");
    let wait;
    find.parentElement.hidden = false;
    picker.addEventListener("toggle", () => {
      if (!picker.open) return;
      find.value = "";
      fill(picker);
      find.focus();
    });
    find.addEventListener("input", () => {
      clearTimeout(wait);
      wait = setTimeout(fill, 120, picker);
    });
    // Down from the field into the list, and through it; Enter ticks the first that is found.
    picker.addEventListener("keydown", (event) => {
      const boxes = [...picker.querySelectorAll("input[type=checkbox]")];
      const at = boxes.indexOf(document.activeElement);
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const next = at + (event.key === "ArrowDown" ? 1 : -1);
        (boxes[next] ?? (next < 0 ? find : boxes.at(-1)))?.focus();
      } else if (event.key === "Enter" && event.target.matches("input")) {
        event.preventDefault();
        const box = at >= 0 ? boxes[at] : find.value && boxes.find((each) => !each.checked);
        box?.click();
      }
    });
  }

  const toggle = form.querySelector("[data-filter-toggle]");
  toggle.addEventListener("click", () => {
    const open = toggle.getAttribute("aria-expanded") !== "true";
    toggle.setAttribute("aria-expanded", open);
    form.toggleAttribute("data-filters-open", open);
  });

  addEventListener("pagehide", () => clearTimeout(timer));
  // Whoever follows a link while the answer is under way takes along what is typed.
  document.querySelector("main").addEventListener(
    "click",
    (event) => {
      const link = event.target.closest("#results a[rel]");
      if (!link || !dirty) return;
      event.preventDefault();
      event.stopPropagation();
      show(true);
    },
    true,
  );
}
