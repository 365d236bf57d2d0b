// The living part of a run's page: bars, and columns of bands, that can be read with pointer and keys, and the witness on
// demand. Without it the page says the same: every buyer stands in the table below.

const drawing = document.querySelector(".drawing");
const picked = document.querySelector(".picked");
const bars = [...document.querySelectorAll(".drawing :is(.bar, .column)")];
let current = -1;

/** Shows a bar's words; only those asked for with the keys are spoken. */
function pick(index, spoken) {
  bars[current]?.classList.remove("here");
  current = Math.max(0, Math.min(index, bars.length - 1));
  bars[current].classList.add("here");
  picked.setAttribute("aria-live", spoken ? "polite" : "off");
  picked.textContent = bars[current].querySelector("title").textContent;
}

if (bars.length > 0) {
  picked.textContent += " The arrow keys read from one to the next.";
  drawing.tabIndex = 0;
  drawing.setAttribute("role", "group");
  drawing.setAttribute("aria-label", "Timeline: the arrow keys read it");
  drawing.addEventListener("pointerover", (event) => {
    const bar = event.target.closest(".bar, .column");
    if (bar) pick(bars.indexOf(bar), false);
  });
  drawing.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, PageDown: 10, PageUp: -10 }[event.key];
    const to = { Home: 0, End: bars.length - 1 }[event.key] ?? (step === undefined ? undefined : current + step);
    if (to === undefined) return;
    event.preventDefault();
    pick(to, true);
  });
}

const button = document.querySelector("#check");
const checked = document.querySelector("#checked");

button.addEventListener("click", async () => {
  if (button.getAttribute("aria-disabled") === "true") return;
  button.setAttribute("aria-disabled", "true");
  checked.className = "";
  checked.textContent = "Loading the witness and the history …";
  try {
    const { run, verdict, history: address } = button.closest("[data-run]").dataset;
    const answer = fetch(address).then((response) => {
      if (!response.ok) throw new Error(`the server answered ${response.status}`);
      return response.arrayBuffer();
    });
    const witness = await import("/pkg/checker.js");
    await witness.default({ module_or_path: "/pkg/checker.wasm" });
    const history = new Uint8Array(await answer);
    const began = performance.now();
    const { agrees, sentence } = witness.check(history, run, verdict);
    const took = Math.max(1, Math.round(performance.now() - began));
    checked.textContent = `${sentence} It took ${took} ms.`;
    checked.className = agrees ? "" : "wrong";
  } catch (error) {
    checked.className = "wrong";
    checked.textContent = `It could not be checked here: ${error.message ?? error}. Try again, or download run.json.`;
  } finally {
    button.removeAttribute("aria-disabled");
  }
});
// The page hides what only a living page can do.
document.documentElement.dataset.hydrated ??= "true";
