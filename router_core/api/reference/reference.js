"use strict";
// What the page can do beyond links: copy an example, and find an entry of the contents.
const menu = document.getElementById("menu");
const nav = document.querySelector("nav");
nav.addEventListener("click", (event) => {
  if (event.target.closest("a")) menu.checked = false;
});
for (const box of document.querySelectorAll(".copied")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(box.querySelector("code").textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(box.querySelector("code"));
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
  box.append(button);
}
const search = document.createElement("input");
search.type = "search";
search.placeholder = "Find";
search.setAttribute("aria-label", "Find an entry of the contents");
search.addEventListener("input", () => {
  const wanted = search.value.trim().toLowerCase();
  for (const section of nav.querySelectorAll("section")) {
    let left = 0;
    for (const item of section.querySelectorAll("li")) {
      item.hidden = !(item.textContent + item.firstChild.hash).toLowerCase().includes(wanted);
      left += item.hidden ? 0 : 1;
    }
    section.hidden = wanted !== "" && left === 0;
  }
});
nav.prepend(search);
