// Mending a cell of the list in its place: its pencil, or a double click, puts a small form there. Enter saves, Escape
// leaves it as it was. Without it the pencil leads to a page with the same form.

document.addEventListener("click", (event) => {
  const link = event.target.closest("#results .edit");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  open(link.closest("td"), link);
});
document.addEventListener("dblclick", (event) => {
  const cell = event.target.closest("#results td");
  const link = cell?.querySelector(".edit");
  if (!link || event.target.closest("a, form")) return;
  getSelection().removeAllRanges();
  open(cell, link);
});

async function open(cell, link) {
  const response = await fetch(link.href, { headers: { "X-Partial": "1" } });
  if (!response.ok) {
    location.assign(link.href);
    return;
  }
  const before = cell.innerHTML;
  show(cell, await response.text(), before);
}

function show(cell, html, before) {
  cell.innerHTML = html;
  const form = cell.querySelector("form");
  const field = form.elements.value;
  field.focus();
  field.select?.();
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target === field) {
      event.preventDefault();
      form.requestSubmit();
    }
    if (event.key !== "Escape") return;
    event.stopPropagation();
    cell.innerHTML = before;
    cell.querySelector(".edit").focus();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save(cell, form, before);
  });
}

async function save(cell, form, before) {
  let response;
  try {
    response = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Partial": "1" } });
  } catch {
    response = undefined;
  }
  if (response?.status === 422) {
    show(cell, await response.text(), before);
  } else if (response?.ok) {
    const answer = await response.json();
    const row = document.createElement("template");
    row.innerHTML = answer.cell.trim();
    const fresh = row.content.firstElementChild;
    cell.replaceWith(fresh);
    fresh.querySelector(".edit").focus();
    document.dispatchEvent(new CustomEvent("toasts", { detail: answer.toasts }));
  } else {
    // The session is lost, or the server away: the form goes the ordinary way, with what was typed.
    form.submit();
  }
}
