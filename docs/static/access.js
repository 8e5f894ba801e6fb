// What who has no mouse, or can't see the page, needs, and the theme leaves out.
const all = (places) => [...document.querySelectorAll(places)];

// The two lists beside the page get names, as has all else that one can go to.
for (const place of all(".sidebar-drawer")) place.ariaLabel = "Pages of the course";
for (const place of all(".toc-drawer")) place.ariaLabel = "Headings of this page";

// A closed cell is called what stands on it. (MyST-NB gives it another name.)
for (const summary of all("details.hide > summary")) summary.removeAttribute("aria-label");

// On a small page, each list has a sign that opens it: a label, which only a mouse can press.
for (const label of all(".nav-overlay-icon, .toc-overlay-icon")) {
  const list = document.getElementById(label.htmlFor);
  const sign = label.firstElementChild;
  const open = (now) => {
    list.checked = now;
    list.dispatchEvent(new Event("change"));
  };
  sign.role = "button";
  sign.tabIndex = 0;
  sign.ariaLabel = label.htmlFor === "__toc" ? "Headings of this page" : "Pages of the course";
  sign.ariaExpanded = "false";
  list.addEventListener("change", () => (sign.ariaExpanded = String(list.checked)));
  sign.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    open(!list.checked);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && list.checked) open(false);
  });
}

// What scrolls can be reached, so that the arrow keys scroll it. Nothing else needs a stop.
const places = all("article :is(pre, .table-wrapper, :has(> img))");
function reach() {
  for (const place of places) {
    if (place.scrollWidth > place.clientWidth) place.tabIndex = 0;
    else place.removeAttribute("tabindex");
  }
}
const sizes = new ResizeObserver(reach); // also when a diagram is drawn, or a cell is opened
for (const place of places) sizes.observe(place);
