"""What anybody can check of a page's accessibility from its document alone."""

from playwright.sync_api import Page, ViewportSize

NARROW: ViewportSize = {"width": 320, "height": 640}
"""The narrowest screen on which nothing may need sideways scrolling, by WCAG 2.2, 1.4.10."""

# Contrast by WCAG 2.2, 1.4.3: 4.5:1, or 3:1 for large text.
_FIND_PROBLEMS = """
() => {
  const problems = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  const shown = (element) => element.checkVisibility({visibilityProperty: true});
  const describe = (element) => element.outerHTML.slice(0, 120);
  const named = (element) =>
    element.getAttribute("aria-label")?.trim() ||
    (element.getAttribute("aria-labelledby") || "").split(/\\s+/)
      .some((id) => id && document.getElementById(id)?.textContent.trim()) ||
    [...(element.labels || [])].some((label) => label.textContent.trim());

  if (!document.documentElement.lang) problems.push("the document names no language");
  if (!document.title.trim()) problems.push("the document has no title");
  if (!document.querySelector("meta[name=viewport]")) problems.push("no viewport is declared");
  for (const [selector, number] of [["h1", 1], ["main", 1]])
    if (all(selector).length !== number)
      problems.push(`${all(selector).length} of ${selector}, not ${number}`);

  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) problems.push(`${wide} px too wide for a screen of ${innerWidth} px`);

  let level = 0;
  for (const heading of all("h1, h2, h3, h4, h5, h6")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) problems.push(`a heading level is left out: ${describe(heading)}`);
    level = next;
  }
  for (const field of all("input:not([type=hidden]), select, textarea"))
    if (!named(field)) problems.push(`no label: ${describe(field)}`);
  for (const control of all("a[href], button"))
    if (!control.textContent.trim() && !named(control))
      problems.push(`no text: ${describe(control)}`);
  for (const image of all("img"))
    if (!image.hasAttribute("alt")) problems.push(`no alt: ${describe(image)}`);

  const ids = all("[id]").map((element) => element.id);
  for (const id of new Set(ids.filter((id, at) => ids.indexOf(id) !== at)))
    problems.push(`the id ${id} is used twice`);
  for (const name of ["aria-describedby", "aria-labelledby", "for"])
    for (const element of all(`[${name}]`))
      for (const id of element.getAttribute(name).trim().split(/\\s+/))
        if (!document.getElementById(id))
          problems.push(`${name} names no element: ${describe(element)}`);

  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const paint = (colours) => {
    canvas.fillStyle = "white";
    canvas.fillRect(0, 0, 1, 1);
    for (const colour of colours) {
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
    }
    const linear = (value) =>
      value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data]
      .map((value) => linear(value / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const backgrounds = (element) =>
    element
      ? [...backgrounds(element.parentElement), getComputedStyle(element).backgroundColor]
      : [];
  for (const element of all("body *")) {
    const speaks = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!speaks || !shown(element)) continue;
    const style = getComputedStyle(element);
    const behind = backgrounds(element);
    const [light, dark] = [paint(behind), paint([...behind, style.color])].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < (large ? 3 : 4.5))
      problems.push(`contrast ${contrast.toFixed(2)}: ${describe(element)}`);
  }
  return problems;
}
"""


def problems_of(page: Page) -> list[str]:
    """Look over the page that is shown; gives a line for each thing that shuts somebody out."""
    problems: list[str] = page.evaluate(_FIND_PROBLEMS)
    return problems
