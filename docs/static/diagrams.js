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
  // On Mermaid's own grey, the words on an arrow have a contrast of 4.43 to 1.
  const themeVariables = theme === "dark" ? { edgeLabelBackground: "#444444" } : {};
  mermaid.initialize({ startOnLoad: false, theme, themeVariables });
  for (const [element, text] of diagrams) {
    element.removeAttribute("data-processed");
    element.textContent = text;
  }
  drawn = mermaid.run({ nodes: diagrams.map(([element]) => element) }).then(keepReadable);
}

// On a telephone a wide diagram scrolls: Mermaid would make its words too small to be read.
function keepReadable() {
  for (const svg of document.querySelectorAll("pre.mermaid svg")) {
    svg.style.minWidth = `${Math.round(0.7 * parseFloat(svg.style.maxWidth))}px`;
  }
}

const again = () => (drawn = drawn.finally(draw));
again();
system.addEventListener("change", again);
new MutationObserver(again).observe(document.body, { attributeFilter: ["data-theme"] });
