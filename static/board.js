// The board: a card dragged to another column submits its own form, the same one its select submits; one of several that
// are ticked takes all of them along, as the button of that stage does.

const setUpAll = () => {
  for (const board of document.querySelectorAll("[data-board]:not([data-ready])")) setUp(board);
};
setUpAll();
// Another filter brings other columns.
document.addEventListener("list:shown", setUpAll);

function setUp(board) {
  board.dataset.ready = "";
  let dragged = null;
  let over = null;
  const place = `board:${location.pathname}`;
  const lists = () => [...board.querySelectorAll(".board-list")];

  const kept = JSON.parse(sessionStorage.getItem(place) ?? "null");
  sessionStorage.removeItem(place);
  if (kept) {
    board.scrollLeft = kept.along;
    scrollTo(0, kept.down);
    lists().forEach((list, number) => (list.scrollTop = kept.within[number]));
  }
  // Moving cards and taking that back load the page anew: the reader stays where they were.
  document.addEventListener("submit", (event) => {
    if (!board.isConnected || !event.target.matches("[data-board] form, [data-choose], .toast form")) return;
    const within = lists().map((list) => list.scrollTop);
    sessionStorage.setItem(place, JSON.stringify({ along: board.scrollLeft, down: scrollY, within }));
  });

  // What goes along with a card: all that are ticked, where it is one of them.
  const bar = () => document.querySelector("[data-choose]");
  const tickOf = (card) => card.querySelector("input[form=bulk]");
  const along = (card) => {
    const ticked = [...board.querySelectorAll("[data-target-id]")].filter((each) => tickOf(each)?.checked);
    return ticked.includes(card) && "some" in bar().dataset ? ticked : [card];
  };
  const moveSelect = (card) => card.querySelector("form select[name=stage]");
  function ready(part) {
    for (const card of part.querySelectorAll("[data-target-id]")) {
      if (!moveSelect(card)) continue;
      card.draggable = true;
      for (const link of card.querySelectorAll("a")) link.draggable = false;
    }
  }
  ready(board);

  // data-more="URL": the next cards of a column, put below those that are there.
  board.addEventListener("click", async (event) => {
    const link = event.target.closest("[data-more]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const list = link.closest("[data-stage]").querySelector(".board-list");
    const shown = list.children.length;
    list.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(link.dataset.more, { headers: { "X-Partial": "1" } });
      if (!response.ok) throw new Error(String(response.status));
      list.insertAdjacentHTML("beforeend", await response.text());
    } catch {
      location.assign(link.href);
      return;
    }
    list.removeAttribute("aria-busy");
    const next = list.querySelector("[data-next]");
    if (next) link.dataset.more = next.dataset.next;
    else link.parentElement.remove();
    next?.remove();
    ready(list);
    list.children[shown]?.querySelector("a")?.focus();
  });

  function mark(column) {
    if (over === column) return;
    if (over) delete over.dataset.over;
    over = column;
    if (over) over.dataset.over = "";
  }

  // Held near an edge of the board, a card pulls the columns that lie beyond it into view.
  const EDGE = 96;
  const FASTEST = 18; // pixels a frame
  let pull = 0;
  let frame = 0;
  function glide() {
    frame = 0;
    if (!pull || !dragged) return;
    board.scrollLeft += pull;
    frame = requestAnimationFrame(glide);
  }
  function follow(event) {
    const { left, right } = board.getBoundingClientRect();
    const past = Math.max(EDGE - (right - event.clientX), 0) || -Math.max(EDGE - (event.clientX - left), 0);
    pull = Math.sign(past) * Math.ceil(Math.min(Math.abs(past) / EDGE, 1) * FASTEST);
    if (pull && !frame) frame = requestAnimationFrame(glide);
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
    for (const card of along(dragged)) card.dataset.dragged = "";
    board.dataset.dragging = "";
    document.addEventListener("dragover", follow);
  });
  board.addEventListener("dragover", (event) => {
    const column = columnAt(event);
    mark(column);
    if (column) event.preventDefault();
  });
  board.addEventListener("dragend", () => {
    for (const card of board.querySelectorAll("[data-dragged]")) delete card.dataset.dragged;
    delete board.dataset.dragging;
    document.removeEventListener("dragover", follow);
    mark(null);
    pull = 0;
    dragged = null;
  });
  board.addEventListener("drop", (event) => {
    const column = columnAt(event);
    if (!column) return;
    event.preventDefault();
    const cards = along(dragged);
    if (cards.length > 1) {
      moveAll(cards, column);
      return;
    }
    const select = moveSelect(dragged);
    column.querySelector(".board-list").prepend(dragged);
    select.value = column.dataset.stage;
    select.form.requestSubmit();
  });

  function moveAll(cards, column) {
    const button = bar().querySelector(`[name=the_stage][value="${CSS.escape(column.dataset.stage)}"]`);
    const menu = button.closest("details");
    if (menu) {
      // To close them takes a reason, which the menu of the bar asks for.
      setTimeout(() => (menu.open = true));
      return;
    }
    column.querySelector(".board-list").prepend(...cards);
    bar().requestSubmit(button);
  }
}
