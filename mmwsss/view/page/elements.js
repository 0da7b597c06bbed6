// Elements of the page. Names are set as text, never as markup.
export const $ = (id) => document.getElementById(id);

export function element(tag, settings = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(settings)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value);
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

// A class may be in a script from right to left; a path is read from left to right.
export const name = (text, className = '', dir = 'auto') =>
  element('span', {className, textContent: text, title: text, dir});

export function swatch(colour) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  made.setAttribute('aria-hidden', 'true');
  made.style.background = colour;
  return made;
}
