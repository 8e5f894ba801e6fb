// Draws the diagrams of a page, and draws them again when its colours change.
const diagrams = [...document.querySelectorAll("pre.mermaid")].map((element) => [
  element,
  element.textContent,
]);
const system = matchMedia("(prefers-color-scheme: dark)");
let drawn = Promise.resolve();
let theme = "";

function draw() {
  const chosen = document.body.dataset.theme;
  const now = chosen === "dark" || (chosen !== "light" && system.matches) ? "dark" : "default";
  if (now === theme) return;
  theme = now;
  mermaid.initialize({ startOnLoad: false, theme });
  for (const [element, text] of diagrams) {
    element.removeAttribute("data-processed");
    element.textContent = text;
  }
  drawn = mermaid.run({ nodes: diagrams.map(([element]) => element) });
}

const again = () => (drawn = drawn.finally(draw));
again();
system.addEventListener("change", again);
new MutationObserver(again).observe(document.body, { attributeFilter: ["data-theme"] });
