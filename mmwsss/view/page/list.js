// The list of photos: what is shown, and in which order.
import {drawing} from './api.js';
import {$, element, name} from './elements.js';

export const NONE = '\u0000none';

const byName = (a, b) => a.name.localeCompare(b.name, undefined, {numeric: true});
// Photos without an uncertainty come last in either order.
const byUncertainty = (sign) => (a, b) =>
  (a.uncertainty === null) - (b.uncertainty === null) ||
  sign * (a.uncertainty - b.uncertainty) || byName(a, b);
const ORDERS = {name: byName, uncertain: byUncertainty(-1), certain: byUncertainty(1)};
const MARKS = {
  none: (photo) => !photo.mask,
  good: (photo) => photo.mask === 'good',
  bad: (photo) => photo.mask === 'bad',
  tags: tagsCorrected,
  stale: (photo) => photo.stale,
};

export const same = (a, b) =>
  a === null || b === null ? a === b : a.length === b.length && a.every((x) => b.includes(x));

export function tagsCorrected(photo) {
  return !same(photo.tags, photo.given);
}

export function select(photos) {
  const [shows, split, mark] = [$('by-class').value, $('by-split').value, $('by-mark').value];
  const fits = (photo) =>
    (!shows || (shows === NONE ? photo.tags?.length === 0 : photo.tags?.includes(shows))) &&
    (!split || photo.split === split) &&
    (!mark || MARKS[mark](photo));
  return photos.filter(fits).sort(ORDERS[$('order').value]);
}

export function fillClasses(classes) {
  const option = (text, value) => element('option', {textContent: text, value});
  $('by-class').replaceChildren(
    option('all', ''),
    ...classes.map((one) => option(one.name, one.name)),
    option('none of the classes', NONE),
  );
}

export function showList(run, photos, choose) {
  $('list').replaceChildren(...photos.map((photo) => row(run, photo, choose)));
  const all = run.photos.length;
  $('count').textContent = photos.length === all ? `${all} photos` : `${photos.length} of ${all} photos`;
}

function row(run, photo, choose) {
  const button = element(
    'button',
    {type: 'button', onclick: () => choose(photo)},
    element('img', {src: drawing(run, photo, 'thumb'), alt: '', loading: 'lazy'}),
    element('span', {className: 'text'}),
  );
  button.dataset.id = photo.id;
  describe(button, photo);
  return element('li', {}, button);
}

function describe(button, photo) {
  const shows = photo.tags === null ? 'untagged' : photo.tags.join(', ') || 'none of the classes';
  const text = button.querySelector('.text');
  text.replaceChildren(name(photo.name, 'file', 'ltr'), name(shows, 'shows'));
  const marks = text.lastChild;
  if (photo.mask) marks.append(mark(photo.mask, photo.mask));
  if (tagsCorrected(photo)) marks.append(mark('corrected', 'changed'));
  if (photo.uncertainty !== null) {
    const bar = element('i');
    bar.style.width = `${Math.round(100 * photo.uncertainty)}%`;
    const title = `Uncertainty ${photo.uncertainty.toFixed(2)}`;
    text.append(element('span', {className: 'meter', title}, bar));
  }
}

const mark = (text, kind) => element('span', {className: `mark ${kind}`, textContent: text});

const buttonOf = (photo) => $('list').querySelector(`[data-id="${photo.id}"]`);

export function updateRow(photo) {
  const button = buttonOf(photo);
  if (button) describe(button, photo);
}

export function markCurrent(photo) {
  $('list').querySelector('[aria-current]')?.removeAttribute('aria-current');
  const button = photo && buttonOf(photo);
  if (!button) return;
  button.setAttribute('aria-current', 'true');
  button.scrollIntoView({block: 'nearest', inline: 'nearest'});
}
