// The quick-log: key `l`, the header's button and the palette open it as a dialog over any page; without script it is a
// page of its own. What was typed is kept for this tab until it is saved or discarded.

const PREFIX = "log-draft:";
const dialog = document.getElementById("log");
const opener = document.querySelector("a[data-log]");

// Nobody who signs in next finds what somebody else began to write.
if (document.body.classList.contains("anonymous")) {
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}

// Whatever is typed into the page itself must not be lost by loading it again.
let typed = false;
document.addEventListener("input", (event) => {
  if (event.target.closest("main form[method=post]") && !event.target.closest("[data-log-form]")) typed = true;
});

if (dialog && opener) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "l" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    open(opener.href);
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-log], #palette [role=option]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!("log" in link.dataset) && new URL(link.href).pathname !== new URL(opener.href).pathname) return;
    event.preventDefault();
    // Of the palette's lines, one names whom it is about; the other is about whoever the page shows.
    open("log" in link.dataset || new URL(link.href).search ? link.href : opener.href);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-log-close]")) dialog.close();
  });
}
for (const form of document.querySelectorAll("main [data-log-form]")) prepare(form, location.pathname + location.search);

async function open(address) {
  let response;
  try {
    response = await fetch(address, { headers: { "X-Partial": "1" } });
  } catch {
    response = undefined;
  }
  if (!response?.ok) {
    location.assign(address);
    return;
  }
  const url = new URL(address);
  show(await response.text(), url.pathname + url.search);
  if (!dialog.open) dialog.showModal();
  const form = dialog.querySelector("form");
  (form.querySelector("[name=contact]") ? form.elements.what : form.elements.who).focus();
}

function show(html, address, restores = true) {
  const body = dialog.querySelector("[data-log-body]");
  body.innerHTML = html;
  body.dispatchEvent(new CustomEvent("content", { bubbles: true }));
  const form = body.querySelector("form");
  prepare(form, address, restores);
  form.querySelector("[data-log-close]").hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save(form, address);
  });
  (form.querySelector(".invalid :is(input, select, textarea)") ?? form.elements.what).focus();
}

async function save(form, address) {
  const data = new FormData(form);
  if (typed) data.set("stay", "1");
  const buttons = form.querySelectorAll("button");
  buttons.forEach((button) => (button.disabled = true));
  let response;
  try {
    response = await fetch(form.action, { method: "POST", body: data, headers: { "X-Partial": "1" } });
  } catch {
    response = undefined;
  }
  if (response?.status === 422) {
    show(await response.text(), address, false);
  } else if (response?.ok) {
    sessionStorage.removeItem(PREFIX + address);
    dialog.close();
    const answer = await response.json();
    if (answer.toasts) document.dispatchEvent(new CustomEvent("toasts", { detail: answer.toasts }));
    else location.reload();
  } else {
    // The session is lost, or the server away: the form goes the ordinary way, with what was typed.
    buttons.forEach((button) => (button.disabled = false));
    form.submit();
  }
}

const fold = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();

/** Brings a form to life: people as chips, the kind by the first words, what depends on who it was, and the draft. */
function prepare(form, address, restores = true) {
  const chosen = form.querySelector("[data-who-chosen]");
  const offer = form.querySelector("[data-log-offer]");
  form.querySelector("[data-who-add]").hidden = true;

  function add({ id, name }) {
    if (form.querySelector(`[name=contact][value="${CSS.escape(id)}"]`)) return;
    const item = document.createElement("li");
    const label = document.createElement("label");
    label.className = "chip";
    const box = document.createElement("input");
    Object.assign(box, { type: "checkbox", name: "contact", value: id, checked: true });
    const words = document.createElement("bdi");
    words.textContent = name;
    label.append(box, " ", words);
    item.append(label);
    chosen.append(item);
  }

  /** The page for a stance that was said elsewhere is that of whoever is named first. */
  function leadElsewhere() {
    const part = form.querySelector("[data-said-elsewhere]");
    const first = form.querySelector("[name=contact]:checked");
    if (!part) return;
    part.hidden = !first;
    if (first) part.querySelector("a").href = part.dataset.saidElsewhere.replace("/0/", `/${first.value}/`);
  }

  async function offerAnew() {
    if (!offer) return;
    leadElsewhere();
    const url = new URL(form.dataset.offer, location.href);
    for (const box of form.querySelectorAll("[name=contact]:checked")) url.searchParams.append("contact", box.value);
    const before = [...offer.querySelectorAll("select")].filter((each) => "touched" in each.dataset);
    const response = await fetch(url, { headers: { "X-Partial": "1" } });
    if (!response.ok) return;
    offer.innerHTML = await response.text();
    for (const { name, value } of before) {
      const select = offer.querySelector(`[name="${name}"]`);
      if (select && [...select.options].some((option) => option.value === value)) {
        select.value = value;
        select.dataset.touched = "";
      }
    }
    showStep();
  }

  /** The next step there is, of the target that is chosen. */
  function showStep() {
    const before = form.querySelector("[data-step-before]");
    if (!before) return;
    let any = false;
    for (const line of before.querySelectorAll("[data-step-of]")) {
      line.hidden = line.dataset.stepOf !== form.elements.about.value;
      any ||= !line.hidden;
    }
    before.hidden = !any;
  }

  form.addEventListener("chosen", (event) => {
    add(event.detail);
    offerAnew();
    keep();
    // Who it was is said: on to what happened.
    event.preventDefault();
    form.elements.what.focus();
  });
  form.addEventListener("change", (event) => {
    event.target.dataset.touched = "";
    if (event.target.name === "contact") {
      if (!event.target.checked) event.target.closest("[data-who-chosen] li")?.remove();
      offerAnew();
    } else if (event.target.name === "about") {
      showStep();
    }
    keep();
  });

  const kind = form.elements.kind;
  const words = JSON.parse(kind.dataset.words);
  const small = JSON.parse(kind.dataset.smallWords);
  /** As the server does it: the first words tell, small ones aside. */
  function kindTold() {
    const line = form.elements.what.value.trim();
    for (const word of line ? line.split(/\s+/).slice(0, 6).map(fold) : []) {
      const found = Object.keys(words).find((each) => words[each].includes(word));
      if (found) return found;
      if (word && !small.includes(word)) break;
    }
    return line ? "note" : "";
  }
  form.elements.what.addEventListener("input", () => {
    if (!("touched" in kind.dataset)) kind.value = kindTold();
  });

  const sure = form.elements.confidence;
  const sureByTheSource = () => (form.elements.source_url.value.trim() && form.elements.quote.value.trim() ? "certain" : "likely");
  form.addEventListener("input", (event) => {
    if (!["source_url", "quote", "stance"].includes(event.target.name) || !sure || "touched" in sure.dataset) return;
    sure.value = sureByTheSource();
  });

  /** What differs from what would be put there was chosen; an entry that is changed keeps what it says. */
  function markChosen() {
    if (kind.value && (!discard || kind.value !== kindTold())) kind.dataset.touched = "";
    if (sure?.value && sure.value !== sureByTheSource()) sure.dataset.touched = "";
  }

  const key = PREFIX + address;
  const discard = form.querySelector("[data-log-discard]");
  markChosen();
  const without = new Set(["csrf_token", "contact", "next"]);

  function keep() {
    // What is changed rather than logged has no draft.
    if (!discard) return;
    const people = [...form.querySelectorAll("[name=contact]:checked")].map((box) => ({
      id: box.value,
      name: box.closest("li").querySelector("bdi").textContent,
    }));
    const fields = [...new FormData(form)].filter(([name, value]) => !without.has(name) && typeof value === "string");
    sessionStorage.setItem(key, JSON.stringify({ people, fields }));
    discard.hidden = false;
  }
  form.addEventListener("input", keep);
  discard?.addEventListener("click", () => {
    sessionStorage.removeItem(key);
    if (form.closest("dialog")) dialog.close();
    else location.assign(address);
  });
  // On its own page the form is saved by loading another one.
  form.addEventListener("submit", () => sessionStorage.removeItem(key));

  async function restore({ people, fields }) {
    chosen.replaceChildren();
    people.forEach(add);
    await offerAnew();
    for (const box of form.querySelectorAll("[name=user], [name=private]")) box.checked = false;
    for (const [name, value] of fields) {
      const all = form.querySelectorAll(`[name="${CSS.escape(name)}"]`);
      const box = [...all].find((each) => ["checkbox", "radio"].includes(each.type) && each.value === value);
      if (box) box.checked = true;
      else if (all.length === 1 && !["checkbox", "radio", "file"].includes(all[0].type)) all[0].value = value;
      const part = all[0]?.closest("details");
      if (part && value && ["notes", "task", "quote", "source_url", "promised_words"].includes(name)) part.open = true;
    }
    markChosen();
    if (form.elements.step_before?.value) form.elements.step_before.dataset.touched = "";
    showStep();
    discard.hidden = false;
  }
  const kept = restores && discard ? sessionStorage.getItem(key) : null;
  if (kept) restore(JSON.parse(kept));
}
