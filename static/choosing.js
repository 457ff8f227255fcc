// Ticking rows of a list, or cards of a board, across pages: the ticks are kept while one pages and sorts, until
// something is done with them, they are cleared, another filter is set, or one leaves the list for another page: whom
// one no longer sees is not changed unawares. Who looks at a contact and goes back finds them still. “All that fit” is
// sent as the filter, never as thousands of ids.

const results = document.querySelector("[data-choosing]");
// What is ticked: contacts, unless the list says otherwise. Those of one list are no others'.
const NAME = results?.querySelector("[data-choose]")?.dataset.chooses ?? "contact";
const KEPT = NAME === "contact" ? "ratify-ticked" : `ratify-ticked:${location.pathname}`;
if (results) setUp();

function setUp() {
  // By what is ticked, the page of the list it was ticked on.
  let ticked = new Map();
  let filter;
  let all = false;
  let last;
  // Whom something was just done with: one often does a second thing with the same.
  let done = [];

  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT)) ?? { ids: [] };
    filter = kept.filter;
    if (hasStayed() || location.hash === "#changed") ticked = new Map(kept.ids);
  } catch {
    // A tab that keeps nothing starts anew on every page.
  }
  // What was asked for is done: the choice has served, and may be made again.
  if (location.hash === "#changed") {
    done = [...ticked.keys()];
    ticked.clear();
    history.replaceState(null, "", location.pathname + location.search);
    keep();
  }

  /** Whether the page before was this list, or one has come back to it, or loaded it anew. */
  function hasStayed() {
    const [arrival] = performance.getEntriesByType("navigation");
    if (arrival?.type !== "navigate") return true;
    return document.referrer !== "" && new URL(document.referrer).pathname === location.pathname;
  }

  /** Which page of the list this is. */
  const here = () => new URLSearchParams(location.search).get("cursor") ?? "";

  function keep() {
    try {
      sessionStorage.setItem(KEPT, JSON.stringify({ filter, ids: [...ticked] }));
    } catch {
      // As above.
    }
  }

  const bar = () => results.querySelector("[data-choose]");
  const boxes = () => [...results.querySelectorAll(`input[name="${NAME}"]`)];

  function draw() {
    const form = bar();
    if (!form) return;
    if (form.dataset.filter !== filter) {
      filter = form.dataset.filter;
      ticked.clear();
      keep();
    }
    const page = boxes();
    for (const box of page) box.checked = all || ticked.has(box.value);
    const header = results.querySelector("[data-choose-page]");
    if (header) {
      header.hidden = false;
      header.checked = page.length > 0 && page.every((box) => box.checked);
      header.indeterminate = !header.checked && page.some((box) => box.checked);
    }
    form.toggleAttribute("data-some", all || ticked.size > 0);
    const again = results.querySelector("[data-choose-again]");
    again.hidden = all || ticked.size > 0 || !done.length;
    again.textContent = again.dataset.words.replace("{n}", done.length);
    const { wordsSome, wordsAll, wordsAway, counted } = form.dataset;
    const count = form.querySelector("[data-choose-count]");
    count.textContent = all ? wordsAll.replace("{n}", counted) : wordsSome.replace("{n}", ticked.size);
    const shown = page.filter((box) => ticked.has(box.value)).map((box) => box.value);
    const elsewhere = [...ticked].filter(([id]) => !shown.includes(id));
    const pages = new Set(elsewhere.map(([, at]) => at)).size + (shown.length ? 1 : 0);
    const note = form.querySelector("[data-choose-away]");
    note.hidden = all || !elsewhere.length;
    note.textContent = wordsAway.replace("{n}", elsewhere.length).replace("{pages}", pages);
    form.querySelector("[data-choose-none]").hidden = false;
    const two = form.querySelector("[data-choose-two]");
    if (two) two.hidden = all || ticked.size !== 2;
    const everything = form.querySelector("[data-choose-all]");
    if (everything) everything.hidden = all;
  }

  /** Tells those who do not see the bar that it is there, and how they come to it. */
  function tell() {
    const said = results.querySelector("[data-choose-said]");
    const form = bar();
    if (!said || !form) return;
    const count = form.querySelector("[data-choose-count]").textContent;
    said.textContent = all || ticked.size ? form.dataset.wordsSaid.replace("{count}", count) : "";
  }

  function set(box, on) {
    if (on) ticked.set(box.value, here());
    else ticked.delete(box.value);
  }

  results.addEventListener("click", (event) => {
    const box = event.target;
    if (box.matches(`input[name="${NAME}"]`)) {
      const page = boxes();
      // Without “all”, the rest of the page stays as it is seen.
      if (all) page.forEach((each) => set(each, true));
      all = false;
      // A range has its ends in one list: the columns of a board are lists of their own.
      const same = page.includes(last) && last.closest("ul, tbody") === box.closest("ul, tbody");
      const between = event.shiftKey && same ? [page.indexOf(last), page.indexOf(box)].sort((a, b) => a - b) : [];
      if (between.length) page.slice(between[0], between[1] + 1).forEach((each) => set(each, box.checked));
      set(box, box.checked);
      last = box;
    } else if (box.matches("[data-choose-page]")) {
      all = false;
      boxes().forEach((each) => set(each, box.checked));
    } else if (box.closest("[data-choose-all]")) {
      all = true;
      results.querySelector("[data-choose-none]").focus();
    } else if (box.closest("[data-choose-again]")) {
      ticked = new Map(done.map((id) => [id, here()]));
      bar().toggleAttribute("data-some", true);
      bar().querySelector("[data-choose-none]").hidden = false;
      bar().querySelector("[data-choose-none]").focus();
    } else if (box.closest("[data-choose-none]")) {
      all = false;
      ticked.clear();
      (results.querySelector("[data-choose-page]") ?? boxes()[0])?.focus();
    } else {
      return;
    }
    keep();
    draw();
    tell();
  });

  // From a tick box, Enter leads to what can be done, and Escape back to the box.
  results.addEventListener("keydown", (event) => {
    const form = bar();
    if (event.key === "Enter" && event.target.matches(`input[name="${NAME}"], [data-choose-page]`)) {
      event.preventDefault();
      if (form && "some" in form.dataset) form.querySelector(".bulk-actions :is(button, summary)").focus();
    } else if (event.key === "Escape" && form?.contains(event.target) && !form.querySelector("details[open]")) {
      last?.focus();
    }
  });

  // Ticks of other pages go along; with “all”, the filter does, and no ids.
  results.addEventListener("formdata", (event) => {
    if (event.target !== bar()) return;
    event.formData.delete(NAME);
    if (all) {
      event.formData.set("all", "yes");
    } else {
      for (const id of ticked.keys()) event.formData.append(NAME, id);
    }
  });

  // Another filter finds others: “all” meant those of the last one.
  document.addEventListener("list:shown", () => {
    all = false;
    last = undefined;
    done = [];
    draw();
  });
  draw();
}
