// Ticking rows of a list across pages: the ticks are kept while one pages and sorts, until something is done with them, they
// are cleared, or another filter is set: whom one no longer sees is not changed unawares. “All that fit” is sent as the
// filter, never as thousands of ids.

const results = document.querySelector("#results");
// What is ticked: contacts, unless the list says otherwise. Those of one list are no others'.
const NAME = results?.querySelector("[data-choose]")?.dataset.chooses ?? "contact";
const KEPT = NAME === "contact" ? "ratify-ticked" : `ratify-ticked:${location.pathname}`;
if (results) setUp();

function setUp() {
  let ticked = new Set();
  let filter;
  let all = false;
  let last;

  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT)) ?? { ids: [] };
    ticked = new Set(kept.ids);
    filter = kept.filter;
  } catch {
    // A tab that keeps nothing starts anew on every page.
  }
  // What was asked for is done: the choice has served.
  if (location.hash === "#changed") {
    ticked.clear();
    history.replaceState(null, "", location.pathname + location.search);
    keep();
  }

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
    header.hidden = false;
    header.checked = page.length > 0 && page.every((box) => box.checked);
    header.indeterminate = !header.checked && page.some((box) => box.checked);
    form.toggleAttribute("data-some", all || ticked.size > 0);
    const { wordsSome, wordsAll, wordsAway, counted } = form.dataset;
    const count = form.querySelector("[data-choose-count]");
    count.textContent = all ? wordsAll.replace("{n}", counted) : wordsSome.replace("{n}", ticked.size);
    const away = ticked.size - page.filter((box) => ticked.has(box.value)).length;
    const note = form.querySelector("[data-choose-away]");
    note.hidden = all || !away;
    note.textContent = wordsAway.replace("{n}", away);
    form.querySelector("[data-choose-none]").hidden = false;
    const two = form.querySelector("[data-choose-two]");
    if (two) two.hidden = all || ticked.size !== 2;
    const everything = form.querySelector("[data-choose-all]");
    if (everything) everything.hidden = all;
  }

  function set(box, on) {
    if (on) ticked.add(box.value);
    else ticked.delete(box.value);
  }

  results.addEventListener("click", (event) => {
    const box = event.target;
    if (box.matches(`input[name="${NAME}"]`)) {
      const page = boxes();
      // Without “all”, the rest of the page stays as it is seen.
      if (all) page.forEach((each) => set(each, true));
      all = false;
      const between = event.shiftKey && page.includes(last) ? [page.indexOf(last), page.indexOf(box)].sort((a, b) => a - b) : [];
      if (between.length) page.slice(between[0], between[1] + 1).forEach((each) => set(each, box.checked));
      set(box, box.checked);
      last = box;
    } else if (box.matches("[data-choose-page]")) {
      all = false;
      boxes().forEach((each) => set(each, box.checked));
    } else if (box.closest("[data-choose-all]")) {
      all = true;
      results.querySelector("[data-choose-none]").focus();
    } else if (box.closest("[data-choose-none]")) {
      all = false;
      ticked.clear();
      results.querySelector("[data-choose-page]")?.focus();
    } else {
      return;
    }
    keep();
    draw();
  });

  // Ticks of other pages go along; with “all”, the filter does, and no ids.
  results.addEventListener("formdata", (event) => {
    if (event.target !== bar()) return;
    event.formData.delete(NAME);
    if (all) {
      event.formData.set("all", "yes");
    } else {
      for (const id of ticked) event.formData.append(NAME, id);
    }
  });

  // Another filter finds others: “all” meant those of the last one.
  document.addEventListener("list:shown", () => {
    all = false;
    last = undefined;
    draw();
  });
  draw();
}
