"use strict";
(() => {
  const form = document.getElementById("filter");
  const said = document.getElementById("shown");
  const fields = ["q", "severity", "region", "control", "state"].map((name) => form.elements[name]);
  const rank = { low: 0, medium: 1, high: 2, critical: 3 };
  const all = Array.from(document.querySelectorAll("article"), (element) => ({
    element,
    section: element.closest(".vpc"),
    group: element.closest(".resource"),
    text: [element.closest(".resource").firstChild, element].map((part) => part.textContent.toLowerCase()).join(" ") + " " +
      element.closest(".vpc").dataset.name,
  }));
  const apply = () => {
    const [q, severity, region, control, state] = fields.map((field) => field.value);
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    const sections = new Map();
    const groups = new Map();
    let count = 0;
    for (const { element, section, group, text } of all) {
      const data = element.dataset;
      const shown =
        (!severity || rank[data.severity] >= rank[severity]) &&
        (!region || section.dataset.region === region) &&
        (!control || data.control === control) &&
        (!state || data.state === state) &&
        words.every((word) => text.includes(word));
      element.hidden = !shown;
      count += shown ? 1 : 0;
      sections.set(section, sections.get(section) || shown);
      groups.set(group, groups.get(group) || shown);
    }
    const filtered = fields.some((field) => field.value);
    for (const [group, shown] of groups) group.hidden = !shown;
    for (const section of document.querySelectorAll(".vpc")) section.hidden = filtered && !sections.get(section);
    said.textContent = count + (count === 1 ? " finding" : " findings") + " of " + all.length;
  };
  const preset = new URLSearchParams(location.hash.slice(1));
  for (const field of fields) {
    if (preset.has(field.name)) field.value = preset.get(field.name);
  }
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
})();
