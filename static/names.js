// data-follows="given family": the whole name follows its two parts, by their ids, until it is changed itself: what is
// typed into a part replaces that part of it, and nothing else.

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const wordsOf = (text) => text.split(/\s+/).filter(Boolean);

/** The word that a part begins with in a whole name, the last one there is; -1 where it is not in there. */
function placeOf(words, part) {
  const wanted = part.map(fold);
  for (let place = wanted.length ? words.length - wanted.length : -1; place >= 0; place -= 1)
    if (wanted.every((word, at) => word === fold(words[place + at]))) return place;
  return -1;
}

for (const whole of document.querySelectorAll("[data-follows]")) {
  const parts = whole.dataset.follows.split(" ").map((id) => document.getElementById(id));
  const name = whole.value;
  const was = parts.map((part) => part.value.trim());
  let own = false;
  whole.addEventListener("input", () => (own = Boolean(whole.value.trim())));
  for (const part of parts)
    part.addEventListener("input", () => {
      if (own) return;
      const now = parts.map((each) => each.value.trim());
      let words = wordsOf(name);
      for (const [at, before] of was.entries()) {
        if (before === now[at]) continue;
        const old = wordsOf(before);
        const place = placeOf(words, old);
        if (place < 0) {
          words = now.filter(Boolean);
          break;
        }
        const found = words.slice(place, place + old.length).join(" ");
        const shouted = found === found.toUpperCase() && before !== before.toUpperCase();
        words.splice(place, old.length, ...wordsOf(shouted ? now[at].toUpperCase() : now[at]));
      }
      whole.value = words.join(" ");
    });
}
