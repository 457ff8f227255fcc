// The board: a card dragged to another column submits its own form, the same one its select submits.

for (const board of document.querySelectorAll("[data-board]")) setUp(board);

function setUp(board) {
  let dragged = null;
  let over = null;
  const place = `board:${location.pathname}`;

  const kept = JSON.parse(sessionStorage.getItem(place) ?? "null");
  sessionStorage.removeItem(place);
  if (kept) {
    board.scrollLeft = kept.along;
    scrollTo(0, kept.down);
  }
  // Moving a card loads the page anew: the reader stays where they were.
  board.addEventListener("submit", () => {
    sessionStorage.setItem(place, JSON.stringify({ along: board.scrollLeft, down: scrollY }));
  });

  const moveSelect = (card) => card.querySelector("form select[name=stage]");
  for (const card of board.querySelectorAll("[data-target-id]")) {
    if (!moveSelect(card)) continue;
    card.draggable = true;
    for (const link of card.querySelectorAll("a")) link.draggable = false;
  }

  function mark(column) {
    if (over === column) return;
    if (over) delete over.dataset.over;
    over = column;
    if (over) over.dataset.over = "";
  }

  const columnAt = (event) => {
    const column = event.target.closest("[data-stage]");
    const open = dragged && column && [...moveSelect(dragged).options].some((each) => each.value === column.dataset.stage);
    return open && !column.contains(dragged) ? column : null;
  };

  board.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-target-id]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.targetId);
    dragged.dataset.dragged = "";
  });
  board.addEventListener("dragover", (event) => {
    const column = columnAt(event);
    mark(column);
    if (column) event.preventDefault();
  });
  board.addEventListener("dragend", () => {
    if (dragged) delete dragged.dataset.dragged;
    mark(null);
    dragged = null;
  });
  board.addEventListener("drop", (event) => {
    const column = columnAt(event);
    if (!column) return;
    event.preventDefault();
    const select = moveSelect(dragged);
    const list = column.querySelector(".board-list") ?? column;
    list.prepend(dragged);
    select.value = column.dataset.stage;
    select.form.requestSubmit();
  });
}
