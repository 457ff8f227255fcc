// What pages do beyond links and forms, asked for by data attributes. Everything here has a way without it.
// Listeners sit on the document, so that parts fetched later behave like the rest.

const root = document.documentElement;
root.dataset.scripted = "";

/** Fetches a piece of a page; where the session is lost, the reader is sent to sign in. */
async function fetchPartial(url, options = {}) {
  const response = await fetch(url, { ...options, headers: { "X-Partial": "1" } });
  if (response.status === 401) location.reload();
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return response;
}

/** Puts new HTML into an element and keeps the focus where it was. */
function replaceContent(element, html) {
  if (element.dataset.shown === html) return;
  const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
  element.innerHTML = html;
  element.dataset.shown = html;
  if (focused) document.getElementById(focused)?.focus();
}

function debounce(action, delay) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...given), delay);
  };
}

// data-poll="URL" data-every="2000": live content, until the answer says `X-Poll: stop`. With data-poll-reloads
// the whole page is then loaded again, where other parts of it tell of the same thing.
function poll(element) {
  const every = Number(element.dataset.every) || 2000;
  let failures = 0;
  const again = () => setTimeout(turn, every * 2 ** Math.min(failures, 4));
  async function turn() {
    if (!element.isConnected) return;
    if (document.hidden) {
      document.addEventListener("visibilitychange", turn, { once: true });
      return;
    }
    try {
      const response = await fetchPartial(element.dataset.poll);
      const html = await response.text();
      failures = 0;
      // A form that asks whether it is meant must still be there when the answer comes.
      if (document.querySelector("dialog[open]")) {
        again();
        return;
      }
      replaceContent(element, html);
      if (response.headers.get("X-Poll") === "stop") {
        if ("pollReloads" in element.dataset) location.reload();
        return;
      }
    } catch {
      failures += 1;
    }
    again();
  }
  again();
}
document.querySelectorAll("[data-poll]").forEach(poll);

// What a form holds, its files aside.
function words(form) {
  const data = new FormData(form);
  for (const input of form.querySelectorAll("input[type=file]")) data.delete(input.name);
  return data;
}

// data-preview="URL" data-preview-target="#id": what the form would make, shown as one types.
function preview(form) {
  const target = document.querySelector(form.dataset.previewTarget);
  let running = new AbortController();
  let failures = 0;
  const show = debounce(async () => {
    running.abort();
    running = new AbortController();
    try {
      const response = await fetchPartial(form.dataset.preview, {
        method: "POST",
        body: words(form),
        signal: running.signal,
      });
      replaceContent(target, await response.text());
      failures = 0;
    } catch (error) {
      // The last preview stays; the next key asks again, and so do we for a while.
      if (error.name !== "AbortError" && failures < 3) setTimeout(show, 1000 * 2 ** failures++);
    }
  }, 300);
  form.addEventListener("input", show);
  form.addEventListener("change", show);
}
document.querySelectorAll("form[data-preview]").forEach(preview);

// data-autosubmit: a choice takes effect at once. A choice made by keyboard waits for Enter or the form's
// own button, because arrow keys pass through every option.
let lastKey = "";
document.addEventListener("pointerdown", () => (lastKey = ""), true);
document.addEventListener(
  "keydown",
  (event) => {
    lastKey = event.key;
    const form = event.target.form;
    if (event.key === "Enter" && event.target.tagName === "SELECT" && form && "pending" in form.dataset) {
      form.requestSubmit();
    }
  },
  true,
);
document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (!form || !("autosubmit" in form.dataset)) return;
  if (event.target.tagName === "SELECT" && lastKey && lastKey !== "Enter") form.dataset.pending = "";
  else form.requestSubmit();
});

// Empty fields stay out of the address of a filtered list.
document.addEventListener("formdata", (event) => {
  if (event.target.method !== "get") return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

// data-confirm="text": a form asks first, and its own button's words are the yes.
const wordsOf = (button) => {
  const shown = button?.cloneNode(true);
  shown?.querySelectorAll(".visually-hidden, svg").forEach((each) => each.remove());
  return shown?.textContent.trim().replace(/\s+/g, " ");
};
document.addEventListener("submit", (event) => {
  const form = event.target;
  const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (!question || "confirmed" in form.dataset) return;
  event.preventDefault();
  const dialog = document.getElementById("confirm");
  dialog.querySelector("p").textContent = question;
  const yes = dialog.querySelector("[value=yes]");
  yes.dataset.words ??= yes.textContent;
  yes.textContent = wordsOf(event.submitter) || yes.dataset.words;
  yes.classList.toggle("danger", event.submitter?.classList.contains("danger") ?? false);
  yes.classList.toggle("primary", !yes.classList.contains("danger"));
  dialog.onclick = (click) => {
    const answer = click.target.closest("button")?.value;
    if (!answer) return;
    dialog.close();
    if (answer !== "yes") return;
    form.dataset.confirmed = "";
    form.requestSubmit(event.submitter);
    delete form.dataset.confirmed;
  };
  dialog.showModal();
});

// A form is sent once, however often its button is pressed; whoever comes back to the page may send it again. On the
// window, after everything that asks first or sends it in another way.
// An answer that is a file leaves the page as it is: such a form, data-download, holds back a double click only.
const REST = 10000;
const REST_OF_DOWNLOAD = 1000;
addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if ("sent" in form.dataset) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "";
  setTimeout(() => delete form.dataset.sent, "download" in form.dataset ? REST_OF_DOWNLOAD : REST);
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// A field the browser refuses comes out from under the bars, so that its message does too: a browser thinks it in sight.
let refused;
document.addEventListener("invalid", (event) => {
  if (refused) return;
  refused = event.target;
  setTimeout(() => { refused = undefined; });
  refused.scrollIntoView({ block: "center" });
}, true);

// The field that is to be mended, or the first of a form opened by a link to it, has the focus: where the address names
// a part of the page, browsers leave `autofocus` alone.
const mend = document.querySelector("main .field.invalid :is(input, select, textarea)");
const opened = location.hash ? document.getElementById(location.hash.slice(1))?.querySelector("[autofocus]") : undefined;
(mend ?? opened)?.focus();
// Going to that part of the page, once it is loaded, takes the focus away again.
if (location.hash && (mend ?? opened)) {
  addEventListener("load", () => setTimeout(() => {
    if (document.activeElement === document.body) (mend ?? opened).focus({ preventScroll: !mend });
  }));
}

// data-keep-place: what is done in this part loads the page anew, and the reader stays where they were; without script
// the address leads to the part. What is done with ticked rows, and what a message takes back, keeps the place as well.
const place = JSON.parse(sessionStorage.getItem("place") ?? "null");
sessionStorage.removeItem("place");
if (place?.of === location.pathname + location.search) scrollTo({ top: place.down, behavior: "instant" });
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || !event.target.closest("[data-keep-place], [data-choose], .toast")) return;
  const next = event.target.elements.next;
  if (next) next.value = next.value.replace(/#.*$/, "");
  sessionStorage.setItem("place", JSON.stringify({ of: location.pathname + location.search, down: scrollY }));
});

// data-insert="text" data-into="#subject, #body": writes a placeholder where the cursor stood last in one of these
// fields; at the end of the last one where it stood in none.
let written;
document.addEventListener("focusout", (event) => {
  if (event.target.matches("input, textarea")) written = event.target;
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (!button) return;
  const fields = [...document.querySelectorAll(button.dataset.into)];
  const field = fields.includes(written) ? written : fields.at(-1);
  field.focus();
  // A field nobody was in yet has its cursor before the first word.
  if (field !== written && !field.selectionEnd) field.setSelectionRange(field.value.length, field.value.length);
  field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// data-tick-all="name": ticks or clears every box of that name in its form.
for (const all of document.querySelectorAll("[data-tick-all]")) {
  const boxes = [...all.form.querySelectorAll(`[name="${all.dataset.tickAll}"]`)];
  all.hidden = false;
  all.addEventListener("change", () => boxes.forEach((box) => (box.checked = all.checked)));
  all.form.addEventListener("change", () => {
    all.checked = boxes.every((box) => box.checked);
    all.indeterminate = !all.checked && boxes.some((box) => box.checked);
  });
}

// data-tick-within: a box that ticks or clears all others beside it.
for (const line of document.querySelectorAll("[data-tick-within]")) {
  const all = line.querySelector("input");
  const boxes = [...line.parentElement.querySelectorAll("input[type=checkbox]")].filter((box) => box !== all);
  line.hidden = false;
  all.checked = boxes.every((box) => box.checked);
  all.addEventListener("change", () => boxes.forEach((box) => (box.checked = all.checked)));
  line.parentElement.addEventListener("change", () => (all.checked = boxes.every((box) => box.checked)));
}

// data-print: the page on paper.
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) print();
});

// Menus close on Escape, on a click elsewhere and when the focus leaves them.
const openMenus = () => document.querySelectorAll("details[data-menu][open]");
document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});
// Where a menu asks for something, one types at once.
document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.matches?.("details[data-menu].up[open]")) event.target.querySelector(".field :is(input, select)")?.focus();
  },
  true,
);
// A press on plain words inside moves the focus to the part of the page around the menu: it has not left.
const around = (menu, element) => menu.contains(element) || element.contains(menu);
document.addEventListener("focusin", (event) => {
  for (const menu of openMenus()) if (!around(menu, event.target)) menu.open = false;
});

// Toasts: put in after the page has settled, so that they are read aloud; gone after a while, errors excepted.
const toasts = document.querySelector("[data-toasts]");
const arrived = [...toasts.querySelectorAll("[data-toast]")];
function dismissLater(toast) {
  const held = toast.matches(":hover, :focus-within");
  if (held) setTimeout(dismissLater, 3000, toast);
  else toast.remove();
}
function announce(news) {
  for (const toast of news) {
    toast.querySelector("[data-toast-close]").hidden = false;
    toast.remove();
  }
  setTimeout(() => {
    for (const toast of news) {
      toasts.append(toast);
      if (toast.getAttribute("role") !== "alert") setTimeout(dismissLater, toast.querySelector("form") ? 20000 : 8000, toast);
    }
  }, 100);
}
announce(arrived);
// A part of the page that saved something brings its messages along.
document.addEventListener("toasts", (event) => {
  const part = document.createElement("template");
  part.innerHTML = event.detail;
  announce([...part.content.querySelectorAll("[data-toast]")]);
});
toasts.addEventListener("click", (event) => {
  if (event.target.closest("[data-toast-close]")) event.target.closest("[data-toast]").remove();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  const [menu] = openMenus();
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  } else {
    toasts.lastElementChild?.remove();
  }
});

// Light, dark or as the system: kept in a cookie, so that the server draws the next page right at once.
const appearance = document.querySelector("[data-appearance]");
if (appearance) {
  appearance.hidden = false;
  appearance.addEventListener("change", ({ target }) => {
    root.dataset.theme = target.value;
    document.cookie = `theme=${target.value}; path=/; max-age=${target.value ? 31536000 : 0}; samesite=lax`;
  });
}

// data-unchosen: counts and names (data-unchosen-name="id of the choice") what was given no value in a form's choices.
for (const list of document.querySelectorAll("[data-unchosen]")) {
  const names = [...list.querySelectorAll("[data-unchosen-name]")];
  list.closest("form").addEventListener("change", () => {
    for (const name of names) name.hidden = document.getElementById(name.dataset.unchosenName).value !== "";
    const left = names.filter((name) => !name.hidden).length;
    list.querySelector("[data-unchosen-count]").textContent = left.toLocaleString(document.documentElement.lang);
    list.hidden = left === 0;
  });
}

// Where a row of tabs is wider than the screen, the one that is open is in sight.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) {
  const row = tab.closest(".tabs"), outer = row.getBoundingClientRect(), inner = tab.getBoundingClientRect();
  if (row.scrollWidth > row.clientWidth) row.scrollLeft += inner.left + inner.width / 2 - outer.left - outer.width / 2;
}
